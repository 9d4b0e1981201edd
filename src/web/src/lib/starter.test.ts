import { expect, test } from 'vitest';
import { fromFile } from './board';
import { starter } from './starter';

const none = { components: [], environments: [], jobs: [], exceptions: [] };
const kinds = (file: ReturnType<typeof starter>) => file?.widgets.map((w) => w.widget);

test('a project with jobs, components and failures gets all that can be said of them', () => {
  const file = starter('Start', {
    components: ['api'],
    environments: ['qa'],
    jobs: ['nightly', 'weekly'],
    exceptions: ['KeyError'],
  })!;
  expect(kinds(file)).toEqual([
    'result-summary',
    'run-aggregator',
    'result-aggregator',
    'filter-heatmap',
    'jenkins-bar-chart',
    'jenkins-line-chart',
  ]);
  expect(file.widgets.filter((w) => w.params['job_name']).map((w) => w.params['job_name'])).toEqual([
    'nightly',
    'nightly',
  ]);
  // It is a file like any other.
  expect(fromFile(JSON.stringify(file), () => true)).toEqual(file);
});

test('nothing asks for what the project does not have', () => {
  expect(kinds(starter('Start', { ...none, environments: ['qa'] }))).toEqual([
    'result-summary',
    'run-aggregator',
    'filter-heatmap',
  ]);
  const byEnv = starter('Start', { ...none, environments: ['qa'] })!;
  expect(byEnv.widgets[1]!.params['group_field']).toBe('env');
  expect(byEnv.widgets[1]!.title).toBe('By environment');
  expect(kinds(starter('Start', { ...none, exceptions: ['KeyError'] }))).toEqual([
    'result-summary',
    'result-aggregator',
  ]);
});

test('a row is as wide as the board, and no widget lies on another', () => {
  for (const known of [
    { ...none, components: ['api'] },
    { ...none, jobs: ['nightly'] },
  ]) {
    const rows = new Map<number, number>();
    for (const { place } of starter('Start', known)!.widgets) {
      expect(place[0]).toBe(rows.get(place[1]) ?? 0);
      rows.set(place[1], place[0] + place[2]);
    }
    expect([...rows.values()]).toEqual([...rows.values()].map(() => 12));
  }
});

test('a project without runs gets none', () => {
  expect(starter('Start', none)).toBeNull();
});
