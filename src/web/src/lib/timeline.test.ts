import { expect, it } from 'vitest';
import type { Result } from './api';
import { slowest, timeline } from './timeline';

const ran = (id: string, second: number, duration: number, more: Partial<Result> = {}): Result =>
  ({
    id,
    result: 'passed',
    start_time: new Date(second * 1000).toISOString(),
    duration,
    ...more,
  }) as Result;

it('puts tests into the lanes of their workers', () => {
  const found = timeline([
    ran('c', 50, 50, { metadata: { worker: 'gw10' } }),
    ran('a', 0, 10, { metadata: { worker: 'gw2' } }),
    ran('b', 10, 20, { metadata: { worker: 'gw2' }, result: 'failed' }),
  ]);
  expect(found.lanes.map((l) => [l.name, l.busy, l.marks.map((m) => [m.first.id, m.from, m.to])])).toEqual([
    [
      'gw2',
      30,
      [
        ['a', 0, 100],
        ['b', 100, 300],
      ],
    ],
    ['gw10', 50, [['c', 500, 1000]]],
  ]);
});

it('makes lanes for what ran at the same time', () => {
  const found = timeline([ran('a', 0, 10), ran('b', 5, 10), ran('c', 10, 10)]);
  expect(found.lanes.map((l) => l.marks.map((m) => m.first.id))).toEqual([['a', 'c'], ['b']]);
  expect(timeline([ran('no', 0, 1, { start_time: '' })]).lanes).toEqual([]);
});

it('joins what is too small to be seen, and hides no failure', () => {
  const many = Array.from({ length: 5000 }, (_, i) => ran(String(i), i / 50, 0.02));
  many[2500]!.result = 'failed';
  const marks = timeline(many).lanes.flatMap((l) => l.marks);
  expect(marks.length).toBeLessThan(50);
  expect(marks.reduce((n, m) => n + m.count, 0)).toBe(5000);
  expect(marks.filter((m) => m.state === 'failed')).toHaveLength(1);
});

it('lists the slowest first', () => {
  expect(slowest([ran('a', 0, 1), ran('b', 0, 3), ran('c', 0, 2)], 2).map((r) => r.id)).toEqual(['b', 'c']);
});
