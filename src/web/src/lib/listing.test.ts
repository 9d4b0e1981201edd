import { describe, expect, it } from 'vitest';
import { csv, curl, orderOf, orderText, turned } from './listing';

describe('an export', () => {
  it('quotes what a sheet would take apart', () => {
    expect(csv(['Test', 'Says'], [['a[1,2]', 'said "no"\nand left']])).toBe(
      'Test,Says\r\n"a[1,2]","said ""no""\nand left"\r\n',
    );
  });
  it('has no formulas, but numbers', () => {
    expect(csv(['x'], [['=cmd()'], ['@x'], ['-1.5'], ['-x']])).toBe("x\r\n'=cmd()\r\n'@x\r\n-1.5\r\n'-x\r\n");
  });
});

it('pastes a query whatever is in it', () => {
  expect(curl("http://h/api/run?filter=env=it's")).toContain("'http://h/api/run?filter=env=it%27s'");
});

describe('an order', () => {
  it('is read from an address as it is written there', () => {
    expect(orderText(orderOf('-summary.failures'))).toBe('-summary.failures');
    expect(orderOf('')).toBeNull();
  });
  it('turns with each click, numbers from the largest, and ends as it was', () => {
    const once = turned(null, 'duration');
    expect(orderText(once)).toBe('-duration');
    const twice = turned(once, 'duration');
    expect(orderText(twice)).toBe('duration');
    expect(turned(twice, 'duration')).toBeNull();
    expect(orderText(turned(once, 'env'))).toBe('env');
  });
});
