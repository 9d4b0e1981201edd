import { expect, test } from 'vitest';
import {
  address,
  analysisKeys,
  analysisOf,
  faultAt,
  faults,
  forResults,
  fromAPI,
  question,
  resultsOf,
  starting,
  stored,
  toText,
  type WidgetType,
} from './ask';
import { fromAddress } from './filter';

const now = new Date('2026-11-24T10:00:00Z');
const none = { days: '', env: '', component: '' };
const all = { days: '7', env: 'qa', component: 'ui, web' };
const ask = (kind: string, params: Record<string, unknown>, v = all) => question(kind, params, v, 'p', now);

test('without variables a widget is asked with what is saved, for this project', () => {
  expect(
    ask('run-aggregator', { weeks: 4, group_field: 'env', project: 'other', additional_filters: '' }, none),
  ).toEqual({ path: '/widget/run-aggregator', query: { project: 'p', weeks: '4', group_field: 'env' }, ignores: [] });
});

test('each kind heeds the variables in its own way', () => {
  expect(ask('run-aggregator', { weeks: 4, group_field: 'env' }).query).toMatchObject({
    weeks: '1',
    additional_filters: 'env=qa,component=ui\\, web',
  });
  expect(
    ask('result-aggregator', { days: 90, group_field: 'env', additional_filters: 'source=ci' }).query,
  ).toMatchObject({ days: '7', additional_filters: 'source=ci,env=qa,component=ui\\, web' });
  expect(ask('jenkins-heatmap', { job_name: 'j' }).query['additional_filters']).toBe(
    'env=qa,component=ui\\, web,start_time>2026-11-17T10:00:00',
  );
  expect(ask('importance-component', { components: 'a,b', env: '' })).toMatchObject({
    query: { env: 'qa', components: 'ui, web' },
    ignores: ['days'],
  });
  expect(ask('accessibility-bar-chart', { run_list: ['r'] })).toMatchObject({
    query: { run_list: ['r'] },
    ignores: ['days', 'env', 'component'],
  });
});

test('the charts of a job are drawn from its list of builds once they are limited', () => {
  expect(ask('jenkins-bar-chart', { job_name: 'j', builds: 5 }, none).path).toBe('/widget/jenkins-bar-chart');
  expect(ask('jenkins-bar-chart', { job_name: 'j', builds: 5 })).toMatchObject({
    path: '/widget/jenkins-job-view',
    query: {
      page_size: '5',
      additional_filters: ['job_name=j', 'env=qa', 'component=ui, web', 'start_time>2026-11-17T10:00:00'],
    },
  });
});

test('the charts of a job heed filters of their own, which lists of results may not know', () => {
  const params = { job_name: 'j', builds: 5, additional_filters: 'component=ui\\, web,summary.failures>0' };
  expect(ask('jenkins-line-chart', params, none)).toMatchObject({
    path: '/widget/jenkins-job-view',
    query: { additional_filters: ['job_name=j', 'component=ui, web', 'summary.failures>0'] },
  });
  expect(resultsOf('/p', fromAPI('env=qa'), 'failed')).toBe('/p/results?result=failed&env=qa');
  expect(resultsOf('/p', fromAPI('summary.failures>0'), 'failed')).toBe('/p/runs?summary.failures=%5Bgt%5D0');
});

test('the analysis of a job keeps filters, but not those that choose a job or a build', () => {
  const to = analysisOf('/p', 'a b', fromAPI('env=qa,metadata.jenkins.build_number=5,job_name=a b'));
  const { searchParams } = new URL(to, 'http://h');
  expect(searchParams.get('job_name')).toBe('a b');
  expect(fromAddress(searchParams, analysisKeys)).toEqual(fromAPI('env=qa'));
});

test('filters go through the text of a widget and back', () => {
  const filters = fromAPI('env=qa,component!cart,duration>=2,name=a\\,b,junk');
  expect(filters).toEqual([
    { field: 'env', operator: 'eq', value: 'qa' },
    { field: 'component', operator: 'ne', value: 'cart' },
    { field: 'duration', operator: 'gte', value: '2' },
    { field: 'name', operator: 'eq', value: 'a,b' },
  ]);
  expect(fromAPI(toText(filters))).toEqual(filters);
});

test('a mark leads to a list with its filters, each once', () => {
  const to = address('/x/results', [...fromAPI('env=qa'), ...fromAPI('env=qa,start_time>2026-11-17T10:00:00')]);
  expect(fromAddress(new URL(to, 'http://h').searchParams)).toEqual(fromAPI('env=qa,start_time>2026-11-17T10:00:00'));
});

test('filters on runs that results do not know cannot be asked of them', () => {
  expect(forResults(fromAPI('env=qa,data.jenkins.job_name=j'))).toEqual(fromAPI('env=qa,metadata.jenkins.job_name=j'));
  expect(forResults(fromAPI('summary.failures>0'))).toBeNull();
});

const type: WidgetType = {
  id: 'jenkins-heatmap',
  title: 'T',
  type: 'widget',
  params: [
    { name: 'job_name', type: 'string', description: '', required: true },
    { name: 'builds', type: 'integer', description: '', required: true, default: 5 },
    { name: 'count_skips', type: 'boolean', description: '' },
    { name: 'days', type: 'float', description: '' },
    { name: 'project', type: 'string', description: '', required: true },
    { name: 'additional_filters', type: 'string', description: '' },
  ],
};

test('a form starts with what the server proposes', () => {
  expect(starting(type)).toEqual({ job_name: '', builds: 5, count_skips: false, days: 3 });
});

test('what cannot be used is said at its field', () => {
  expect(faults(type, { ...starting(type) })).toEqual({ job_name: 'This is needed.' });
  expect(faults(type, { job_name: 'j', builds: 'x', days: 'y' })).toEqual({
    builds: 'A whole number is needed.',
    days: 'A number is needed.',
  });
  expect(faults(type, { job_name: 'j', builds: '5000' })).toEqual({ builds: 'From 1 to 1000.' });
  expect(faultAt("Invalid parameters for widget 'jenkins-heatmap': builds: it has to be from 0 to 1000")).toEqual({
    param: 'builds',
    reason: 'it has to be from 0 to 1000',
  });
  expect(faultAt('no such thing')).toBeNull();
});

test('numbers are kept as numbers and nothing empty is kept', () => {
  expect(stored(type, { job_name: 'j', builds: '7', count_skips: 'true', days: '', additional_filters: '' })).toEqual({
    job_name: 'j',
    builds: 7,
    count_skips: true,
  });
});
