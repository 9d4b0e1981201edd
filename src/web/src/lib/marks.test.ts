import { expect, test } from 'vitest';
import { everyNth, fromBuilds, heat, heatRows, percent, stacks, ticks, timeTicks, trendOf, worstFirst } from './marks';

test('what a server answers by state is drawn by name', () => {
  expect(stacks({ passed: { ui: 70, api: 90 }, failed: { ui: 30, api: 10 } })).toEqual([
    { name: 'ui', counts: { failed: 30, error: 0, skipped: 0, xfailed: 0, xpassed: 0, passed: 70 }, total: 100 },
    { name: 'api', counts: { failed: 10, error: 0, skipped: 0, xfailed: 0, xpassed: 0, passed: 90 }, total: 100 },
  ]);
  expect(stacks({})).toEqual([]);
});

test('a heatmap has runs, builds that did not run, notes, and a trend of what ran', () => {
  const [row] = heatRows({
    heatmap: {
      ui: [
        [-35, 0],
        [80, 'r1', null, '1'],
        ['Build failed', 'None', null, '2'],
        [100, 'r3', [{ name: 'deploy', value: 'v2' }], '10'],
      ],
    },
  });
  expect(row!.cells.map((c) => [c.percent, c.run, c.build])).toEqual([
    [80, 'r1', '1'],
    [null, '', '2'],
    [100, 'r3', '10'],
  ]);
  expect(row!.cells[2]!.notes).toEqual([{ name: 'deploy', value: 'v2' }]);
  expect(row!.trend).toBe('rising');
});

test('several runs of a build are one cell, of which the newest alone is known, too', () => {
  const [row] = heatRows({
    heatmap: {
      ui: [
        [0, 0],
        [100, 'r2', null, '1', { runs: 2, rate: 75 }],
      ],
    },
  });
  expect(row!.cells[0]).toMatchObject({ percent: 75, newest: 100, run: 'r2', runs: 2 });
});

test('of many rows those come first that did worst last', () => {
  const rows = heatRows({
    heatmap: {
      best: [
        [0, 0],
        [0, 'a', null, '1'],
        [100, 'b', null, '2'],
      ],
      gone: [
        [0, 0],
        [0, 'c', null, '1'],
        ['Build failed', 'None', null, '2'],
      ],
      worst: [
        [0, 0],
        [100, 'd', null, '1'],
        [0, 'e', null, '2'],
      ],
    },
  });
  expect(worstFirst(rows).map((r) => r.name)).toEqual(['worst', 'best', 'gone']);
});

test('a trend is a change of a point or more over all that is seen', () => {
  expect(trendOf([90, 80, 70])).toBe('falling');
  expect(trendOf([95, 95.2, 95])).toBe('steady');
  expect(trendOf([100])).toBeNull();
});

test('the bounds of the colours are those that people know', () => {
  expect([null, 0, 49.9, 50, 85, 85.1, 99.9, 100].map(heat)).toEqual([
    'none',
    'poor',
    'poor',
    'fair',
    'fair',
    'good',
    'good',
    'full',
  ]);
});

test('what is not all is never shown as 100', () => {
  expect([0, 0.4, 50.5, 99.96, 100].map(percent)).toEqual(['0', '<1', '51', '99', '100']);
});

test('axes have few round numbers and reach the top', () => {
  for (const top of [0.3, 1, 7, 12, 99, 120, 4321]) {
    const t = ticks(top);
    expect(t.at(-1)!).toBeGreaterThanOrEqual(top);
    expect(t.length).toBeLessThanOrEqual(5);
  }
  expect(timeTicks(3700)).toEqual([0, 1800, 3600, 5400]);
  expect(ticks(0)).toEqual([0, 1]);
  expect(everyNth(30, 300, 40)).toBe(4);
});

test('a list of builds gives what the charts of a job answer', () => {
  const b = {
    job_name: 'j',
    build_number: '7',
    build_url: null,
    env: null,
    source: null,
    start_time: null,
    duration: 7200,
    total_execution_time: null,
    summary: { passes: 3, failures: 1, tests: 4 },
  };
  expect(fromBuilds([b])).toMatchObject({ passed: { 7: 3 }, failed: { 7: 1 }, error: { 7: 0 }, duration: { 7: 2 } });
});
