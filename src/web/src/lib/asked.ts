import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, type List, type Project, type Run, type User } from './api';
import { viewsOf } from './boards';
import { forProject, type Filter } from './filter';
import { insight } from './insight';
import { kept, type Choices } from './kept';
import { byItself } from './live';

/** pageSize is how many rows of a list come at once. */
export const pageSize = 100;

/**
 * What first views ask the server for. It is asked before anything is drawn (app.tsx), and again by the parts that show it,
 * which find the answer under the same key.
 */
export const asked = {
  user: () =>
    queryOptions({
      queryKey: ['user'],
      queryFn: ({ signal }) => api.get<User>('/user', {}, signal),
      staleTime: 300000,
    }),

  preferences: () =>
    queryOptions({
      queryKey: ['preferences'],
      queryFn: async ({ signal }) => {
        const choices = await api.get<Choices>('/user/preferences', {}, signal);
        kept.set(choices);
        return choices;
      },
      staleTime: 300000,
    }),

  project: (id: string) =>
    queryOptions({
      queryKey: ['project', id],
      queryFn: ({ signal }) => api.get<Project>(`/project/${id}`, {}, signal),
      staleTime: 60000,
      retry: false,
    }),

  views: (project: string) =>
    queryOptions({
      queryKey: ['views', project],
      queryFn: ({ signal }) => viewsOf(project, signal),
      staleTime: 60000,
      retry: false,
    }),

  triage(project: string, filters: Filter[], least: number, page: number) {
    const filter = forProject(project, filters);
    return queryOptions({
      queryKey: ['triage', filter, least, page],
      queryFn: ({ signal }) => insight.triage(project, filter, least, page, signal),
    });
  },

  /** A page of a list of runs or results. */
  rows: <K extends 'runs' | 'results', T>(path: string, kind: K, filter: string[], orderBy: string, page: number) =>
    queryOptions({
      queryKey: [kind, path, filter, orderBy, page],
      queryFn: ({ signal }) =>
        api.get<List<K, T>>(path, { filter, orderBy, page, pageSize, estimate: page > 1 }, signal),
      staleTime: 15000,
      refetchOnWindowFocus: false,
      meta: byItself,
    }),

  run: (id: string) =>
    queryOptions({ queryKey: ['run', id], queryFn: ({ signal }) => api.get<Run>(`/run/${id}`, {}, signal) }),

  /** The failures of a run, and how it compares with the build before: each anew when the run has come to other counts. */
  failures: (project: string, run: string, failed: number) =>
    queryOptions({
      queryKey: ['failures', run, failed],
      queryFn: ({ signal }) => insight.failuresOf(project, run, signal),
      placeholderData: keepPreviousData,
      staleTime: 60000,
    }),

  changes: (project: string, run: string, tests: number) =>
    queryOptions({
      queryKey: ['changes', run, tests],
      queryFn: ({ signal }) => insight.compare(project, [run], [], { pageSize: 1 }, signal),
      placeholderData: keepPreviousData,
    }),
};
