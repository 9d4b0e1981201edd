import { describe, expect, it } from 'vitest';
import { add, fromAddress, parse, print, toAddress, toAPI, faultOf } from './filter';

describe('the filter line', () => {
  it('reads fields, operators, short names, quotes and bare words', () => {
    expect(parse('result:failed|error env!=qa exception~Time.* duration>=5 "log in" class:"a b"', 'test_id')).toEqual([
      { field: 'result', operator: 'in', value: 'failed;error' },
      { field: 'env', operator: 'ne', value: 'qa' },
      { field: 'metadata.exception_name', operator: 'regex', value: 'Time.*' },
      { field: 'duration', operator: 'gte', value: '5' },
      { field: 'test_id', operator: 'contains', value: 'log in' },
      { field: 'metadata.classification', operator: 'eq', value: 'a b' },
    ]);
  });
  it('takes the name of a test for one', () => {
    expect(parse('test_a.py::test_b', 'test_id')).toEqual([
      { field: 'test_id', operator: 'contains', value: 'test_a.py::test_b' },
    ]);
  });
  it('prints what can be typed again', () => {
    for (const text of [
      'result:failed',
      'result:failed|error',
      'env!=qa',
      'duration>=5',
      'class:"a b"',
      'job~^nightly',
      'started<2026-01-01T10:00:00',
    ]) {
      expect(print(parse(text, 'x')[0]!)).toBe(text);
    }
  });
});

describe('the address', () => {
  it('reads the links of the original', () => {
    expect(
      fromAddress(new URLSearchParams('page=2&pageSize=20&result=[in]failed;error&env=qa&metadata.tags=[eq]a')),
    ).toEqual([
      { field: 'result', operator: 'in', value: 'failed;error' },
      { field: 'env', operator: 'eq', value: 'qa' },
      { field: 'metadata.tags', operator: 'eq', value: 'a' },
    ]);
  });
  it('gives back what it was given, values that look like operators included', () => {
    const filters = parse('env:[eq]x env:qa duration>3 duration<9', 'x');
    expect(fromAddress(toAddress(filters))).toEqual(filters);
  });
  it('keeps what is no filter, but for the page', () => {
    expect(toAddress([], new URLSearchParams('tab=tree&page=3&env=qa')).toString()).toBe('tab=tree');
  });
});

describe('the API', () => {
  it('is asked with its own signs', () => {
    expect(toAPI(parse('duration>=5 duration<=9 env!=qa a~b result:x|y', 'x'))).toEqual([
      'duration)5',
      'duration(9',
      'env!qa',
      'a~b',
      'result*x;y',
    ]);
  });
  it('cannot be given a comma, and gets what matches it', () => {
    expect(toAPI([{ field: 'test_id', operator: 'eq', value: 't[1,2]' }])).toEqual(['test_id~^t\\[1.2\\]$']);
  });
});

it('asks for one value of a field at a time', () => {
  const f = parse('env:qa env!=ci', 'x');
  expect(add(f, { field: 'env', operator: 'eq', value: 'prod' }).map(print)).toEqual(['env!=ci', 'env:prod']);
});

it('a minus leaves out what a filter names', () => {
  expect(parse('-env:qa|prod', 'x')).toEqual([
    { field: 'env', operator: 'ne', value: 'qa' },
    { field: 'env', operator: 'ne', value: 'prod' },
  ]);
  expect(parse('-v', 'x')).toEqual([{ field: 'x', operator: 'contains', value: '-v' }]);
});

it('what cannot be understood is said', () => {
  expect(faultOf('env:qa duration>1.5 job:nightly test_pay', 'result')).toBe('');
  expect(faultOf('env:', 'run')).toContain('no value');
  expect(faultOf('colour:red', 'run')).toContain('metadata.colour');
  expect(faultOf('duration>soon', 'result')).toContain('number');
  expect(faultOf('exception~(', 'result')).toContain('regular expression');
  expect(faultOf('env:"qa', 'run')).toContain('closed');
  expect(faultOf('tests/a.py::test_b', 'result')).toBe('');
});
