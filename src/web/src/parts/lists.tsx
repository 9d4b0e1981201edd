import { useQueries, useQuery, keepPreviousData } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { api, type List, type Result, type Run } from '../lib/api';
import { add, fromAddress, toAddress, toAPI, type Filter } from '../lib/filter';
import { count, duration, testName } from '../lib/format';
import { countsOf, meta, passRate, titleOf } from '../lib/runs';
import { classWord } from './classify';
import { Bar, Outcome, Tally } from './outcome';
import type { Column } from './rows';
import { Time } from './states';

/** useFilters keeps the filters in the address, each change a step to go back from. */
export function useFilters(): [Filter[], (f: Filter[]) => void] {
  const [params, setParams] = useSearchParams();
  const filters = useMemo(() => fromAddress(params), [params]);
  return [filters, useCallback((f: Filter[]) => setParams((p) => toAddress(f, p)), [setParams])];
}

const size = 100;

/** useSparse fetches of a list the pages that are looked at. */
export function useSparse<K extends 'runs' | 'results', T>(path: string, key: K, filter: string[]) {
  const [range, setRange] = useState<[number, number]>([1, 1]);
  const look = useCallback(
    (from: number, to: number) => setRange([Math.floor(from / size) + 1, Math.floor(to / size) + 1]),
    [],
  );
  const page = (n: number) => ({
    queryKey: [key, path, filter, n],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      api.get<List<K, T>>(path, { filter, page: n, pageSize: size, estimate: n > 1 }, signal),
    staleTime: 15000,
  });
  const first = useQuery({ ...page(1), placeholderData: keepPreviousData });
  const total = first.data?.pagination.totalItems ?? 0;
  const wanted: number[] = [];
  for (let n = Math.max(2, range[0]); n <= Math.min(range[1], Math.ceil(total / size)); n++) wanted.push(n);
  const others = useQueries({ queries: wanted.map(page) });
  const row = (i: number): T | undefined => {
    const n = Math.floor(i / size) + 1;
    const data = n === 1 ? first.data : others[wanted.indexOf(n)]?.data;
    return data?.[key][i % size];
  };
  return {
    first,
    total,
    row,
    look,
    fetching: first.isFetching || others.some((o) => o.isFetching),
    renew: () => void first.refetch(),
  };
}

export function runColumns(base: string, filters: Filter[], change: (f: Filter[]) => void): Column<Run>[] {
  const by = (field: string, value: string | null | undefined) =>
    value && (
      <button
        type="button"
        className="value"
        title={`Only ${value}`}
        onClick={() => change(add(filters, { field, operator: 'eq', value }))}
      >
        {value}
      </button>
    );
  return [
    {
      name: 'Run',
      width: 'minmax(8rem, 3fr)',
      cell: (r) => (
        <Link to={`${base}/runs/${r.id}`} className="name">
          {titleOf(r)}
        </Link>
      ),
    },
    { name: 'Component', width: 'minmax(5rem, 1fr)', wide: true, cell: (r) => by('component', r.component) },
    { name: 'Env', width: 'minmax(4rem, 1fr)', wide: true, cell: (r) => by('env', r.env) },
    { name: 'Outcome', width: 'minmax(4rem, 1.4fr)', cell: (r) => <Bar counts={countsOf(r)} /> },
    { name: 'Tests', width: 'minmax(11rem, 1.5fr)', wide: true, cell: (r) => <Tally counts={countsOf(r)} /> },
    {
      name: 'Pass',
      width: '4rem',
      cell: (r) => {
        const p = passRate(countsOf(r));
        return p == null ? '–' : `${p} %`;
      },
    },
    { name: 'Duration', width: '4.5rem', wide: true, cell: (r) => duration(r.duration) },
    { name: 'Started', width: '6rem', wide: true, cell: (r) => <Time at={r.start_time} /> },
  ];
}

export function TestName({ id, to }: { id: string; to: string }) {
  const t = testName(id);
  return (
    <Link to={to} className="name" title={id}>
      {t.name}
      {t.params && <span className="params">[{t.params}]</span>}
      {t.path && <span className="quiet path"> {t.path}</span>}
    </Link>
  );
}

export function resultColumns(
  base: string,
  filters: Filter[],
  change: (f: Filter[]) => void,
  inRun = false,
): Column<Result>[] {
  const by = (field: string, value: string | null | undefined, text = value) =>
    value && (
      <button
        type="button"
        className="value"
        title={`Only ${value}`}
        onClick={() => change(add(filters, { field, operator: 'eq', value }))}
      >
        {text}
      </button>
    );
  const text = (f: (r: Result) => string) => (a: Result, b: Result) => f(a).localeCompare(f(b));
  const all: Column<Result>[] = [
    {
      name: 'Test',
      width: 'minmax(8rem, 5fr)',
      cell: (r) => <TestName id={r.test_id ?? r.id!} to={`${base}/results/${r.id}`} />,
      sort: text((r) => r.test_id ?? ''),
    },
    { name: 'Result', width: '5.5rem', cell: (r) => <Outcome state={r.result} />, sort: text((r) => r.result ?? '') },
    {
      name: 'Exception',
      width: 'minmax(6rem, 1.2fr)',
      wide: true,
      cell: (r) => by('metadata.exception_name', meta(r, 'exception_name')),
      sort: text((r) => meta(r, 'exception_name')),
    },
    {
      name: 'Class',
      width: '6rem',
      wide: true,
      cell: (r) => {
        const c = meta(r, 'classification');
        return by('metadata.classification', c, classWord(c));
      },
      sort: text((r) => meta(r, 'classification')),
    },
    ...(inRun
      ? []
      : [
          {
            name: 'Component',
            width: 'minmax(5rem, 1fr)',
            wide: true,
            cell: (r: Result) => by('component', r.component),
          },
          { name: 'Env', width: 'minmax(3rem, 0.6fr)', wide: true, cell: (r: Result) => by('env', r.env) },
        ]),
    {
      name: 'Duration',
      width: '4.5rem',
      wide: true,
      cell: (r) => duration(r.duration),
      sort: (a, b) => (a.duration ?? 0) - (b.duration ?? 0),
    },
    {
      name: 'Started',
      width: '6rem',
      wide: true,
      cell: (r) => <Time at={r.start_time} />,
      sort: text((r) => r.start_time ?? ''),
    },
  ];
  return all;
}

export const Total = ({ n, what }: { n: number; what: string }) => (
  <span className="quiet" aria-live="polite">
    {count(n)} {n === 1 ? what : what + 's'}
  </span>
);

export const forProject = (project: string, filters: Filter[]): string[] => [
  ...toAPI(filters),
  `project_id=${project}`,
];
