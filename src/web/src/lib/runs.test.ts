import { expect, test } from 'vitest';
import { seriesTitle } from './runs';

test('a series is called by component, environment, job and build', () => {
  const run = '0f8fad5b-d9cb-469f-a165-70867728950e';
  expect(seriesTitle({ component: 'api', env: 'qa', job: 'nightly', build: '7', run })).toBe('api · qa · nightly #7');
  expect(seriesTitle({ component: 'api', env: null, job: 'ci', build: null, run })).toBe('api · ci');
  expect(seriesTitle({ component: null, env: null, job: null, build: null, run })).toBe('Run 0f8fad5b');
});
