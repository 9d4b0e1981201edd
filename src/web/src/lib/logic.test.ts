import { describe, expect, it } from 'vitest';
import { ansi, plain } from './ansi';
import type { Result } from './api';
import { difference } from './difference';
import { messageOf } from './failures';
import { ago, browser, bytes, count, duration, exact, testName } from './format';
import { failingIn, leaves, tree, visible, type Node } from './tree';

const result = (r: Partial<Result>): Result => ({ id: r.test_id ?? 'x', result: 'passed', ...r }) as Result;

describe('what people read', () => {
  it('says which browser it was', () => {
    const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';
    expect(browser(`Mozilla/5.0 (X11; Linux x86_64) ${webkit} HeadlessChrome/156.0.0.0 Safari/537.36`)).toBe(
      'Chrome 156 on Linux',
    );
    expect(browser(`Mozilla/5.0 (Windows NT 10.0; Win64) ${webkit} Chrome/140.0 Safari/537.36 Edg/140.0`)).toBe(
      'Edge 140 on Windows',
    );
    expect(browser('Mozilla/5.0 (iPhone) AppleWebKit/605.1 (KHTML) Version/18.1 Mobile/15E148 Safari/604.1')).toBe(
      'Safari 18 on iOS',
    );
    expect([browser('curl/8.5.0'), browser('')]).toEqual(['curl/8.5.0', 'unknown']);
  });
  it('says durations as one would', () => {
    expect([0, 0.34, 1.24, 12.9, 83, 3600, 7500, null].map((s) => duration(s))).toEqual([
      '0 s',
      '340 ms',
      '1.2 s',
      '12 s',
      '1 m 23 s',
      '1 h',
      '2 h 5 m',
      '–',
    ]);
    expect(duration(59.7)).toBe('59 s');
    expect(duration(119.9)).toBe('2 m');
  });
  it('says how large something is', () => {
    expect([0, 1023, 1024, 1_300_000, 5e12].map(bytes)).toEqual([
      '0 bytes',
      '1,023 bytes',
      '1.0 KiB',
      '1.2 MiB',
      '4.5 TiB',
    ]);
  });
  it('says how long ago', () => {
    const now = Date.parse('2026-01-02T00:00:00Z');
    expect(ago('2026-01-01T23:55:00Z', now)).toBe('5 min ago');
    expect(ago('2026-01-01T20:00:00Z', now)).toBe('4 h ago');
    expect(ago('2025-09-09T12:00:00Z', now)).toBe('9 Sep 2025');
  });
  it('says an instant to the second, where the browser is', () => {
    expect(exact(new Date(2026, 0, 2, 3, 4, 5).toISOString())).toBe('2 Jan 2026, 03:04:05');
    expect(exact(null)).toBe('');
  });
  it('says large numbers in groups', () => {
    expect([0, 999, 1000, 123456, 1234567].map(count)).toEqual(['0', '999', '1,000', '123,456', '1,234,567']);
  });
  it('splits the names of tests', () => {
    expect(testName('tests/a.py::C::test_x[a::b-1]')).toEqual({
      path: 'tests/a.py::C',
      name: 'test_x',
      params: 'a::b-1',
    });
    expect(testName('com.acme.Login.works')).toEqual({ path: 'com.acme.Login', name: 'works', params: '' });
    expect(testName('it works. really')).toEqual({ path: '', name: 'it works. really', params: '' });
  });
});

describe('what went wrong', () => {
  it('find the line that says it', () => {
    expect(messageOf(result({ metadata: { short_tb: 'f.py:1: X\nlast' } }))).toBe('last');
    expect(messageOf(result({ metadata: {} }))).toBe('');
  });
});

it('colours text, and drops other sequences', () => {
  expect(ansi('a\x1b[31mred\x1b[0m\x1b[2Kb')).toEqual([
    { text: 'a', className: '' },
    { text: 'red', className: 'ansi-red' },
    { text: 'b', className: '' },
  ]);
  expect(ansi('\x1b[38;5;31mx')[0]!.className).toBe('');
  expect(plain('\x1b[1;31mx\x1b[m')).toBe('x');
});

it('sorts files into folders, and shows what is open', () => {
  const counts = { tests: 1, passed: 1, failed: 0, error: 0, skipped: 0, xfailed: 0, xpassed: 0 };
  const root = tree([
    { path: 'x/y.py', counts: { ...counts, tests: 3, passed: 2, failed: 1 } },
    { path: 'x/w.py', counts },
    { path: '/x/y.py', counts },
    { path: '', counts },
  ]);
  expect(
    visible(
      root,
      () => false,
      () => [],
    ).map((n) => n.name),
  ).toEqual(['x', 'without a file']);
  const inside = (file: Node) => leaves(file, file.file === 'x/y.py' ? [result({ test_id: 'a' })] : []);
  const open = (n: Node) => n.file === undefined || n.file === 'x/y.py';
  expect(visible(root, open, inside).map((n) => [n.name, n.depth, n.counts.total, failingIn(n), n.left?.n])).toEqual([
    ['x', 0, 5, 1, undefined],
    ['w.py', 1, 1, 0, undefined],
    ['y.py', 1, 3, 1, undefined],
    ['a', 2, 0, 0, undefined],
    ['', 2, 0, 0, 2],
    ['y.py', 1, 1, 0, undefined],
    ['without a file', 0, 1, 0, undefined],
  ]);
});

it('shows which lines differ', () => {
  expect(difference('a\nb\nc', 'a\nx\nc').map((l) => l.sign + l.text)).toEqual([' a', '-b', '+x', ' c']);
});
