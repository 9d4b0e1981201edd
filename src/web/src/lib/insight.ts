import { api } from './api';
import type { components } from './schema';

type Schemas = components['schemas'];
export type Series = Schemas['Series'];
export type FailureGroup = Schemas['FailureGroup'];
export type Comparison = Schemas['Comparison'];
export type Change = Comparison['tests'][number]['change'];
export type History = Schemas['TestHistory'];

/** What triage asks of the server, which counts exactly and over all rows. */
export const insight = {
  triage: (project: string, filter: string[], signal?: AbortSignal) =>
    api.get<{ series: Series[] }>('/insight/triage', { project, filter }, signal).then((a) => a.series),
  failuresOf: (project: string, run: string, signal?: AbortSignal) =>
    api.get<Schemas['FailureGroups']>('/insight/failures', { project, run }, signal),
  compare: (project: string, run: string, withRun: string, change: Change | '', signal?: AbortSignal) =>
    api.get<Comparison>('/insight/compare', { project, run, with: withRun, change, pageSize: 200 }, signal),
  test: (project: string, test: string, signal?: AbortSignal) =>
    api.get<History>('/insight/test', { project, test }, signal),
  values: (project: string, of: 'runs' | 'results', field: string, text: string, signal?: AbortSignal) =>
    api.get<Schemas['FieldValues']>('/insight/values', { project, of, field, text }, signal).then((a) => a.values),
};
