import { api } from './api';
import type { components } from './schema';

type Schemas = components['schemas'];
export type Series = Schemas['Series'];
export type FailureGroup = Schemas['FailureGroup'];
export type Comparison = Schemas['Comparison'];
export type Change = Comparison['tests'][number]['change'];
export type History = Schemas['TestHistory'];
export type RunFiles = Schemas['RunFiles'];
export type ListedTest = Schemas['ListedTest'];

/** Which tests a list has, and how it is sorted. */
export interface TestsAsked {
  days: string;
  env: string;
  component: string;
  text: string;
  only: string;
  sort: string;
}

/** What triage asks of the server, which counts exactly and over all rows. */
export const insight = {
  triage: (project: string, filter: string[], failures: number, page: number, signal?: AbortSignal) =>
    api.get<Schemas['Triage']>('/insight/triage', { project, filter, failures: failures || null, page }, signal),
  failuresOf: (project: string, run: string, signal?: AbortSignal) =>
    api.get<Schemas['FailureGroups']>('/insight/failures', { project, run }, signal),
  files: (project: string, run: string, signal?: AbortSignal) =>
    api.get<RunFiles>('/insight/files', { project, run }, signal),
  /** compare without older runs compares with the build before. */
  compare: (
    project: string,
    runs: string[],
    older: string[],
    { change, page = 1, pageSize = 100 }: { change?: Change; page?: number; pageSize?: number } = {},
    signal?: AbortSignal,
  ) => api.get<Comparison>('/insight/compare', { project, run: runs, with: older, change, page, pageSize }, signal),
  test: (
    project: string,
    test: string,
    signal?: AbortSignal,
    of: { env?: string; component?: string; last?: number } = {},
  ) => api.get<History>('/insight/test', { project, test, ...of }, signal),
  tests: (project: string, asked: TestsAsked, after: string, signal?: AbortSignal) =>
    api.get<Schemas['TestList']>('/insight/tests', { project, ...asked, after, limit: 100 }, signal),
  values: (project: string, of: 'runs' | 'results', field: string, text: string, signal?: AbortSignal) =>
    api.get<Schemas['FieldValues']>('/insight/values', { project, of, field, text }, signal).then((a) => a.values),
};
