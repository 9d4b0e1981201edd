import { useQueries, useQuery, useQueryClient, keepPreviousData } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Link, useLocation, useNavigate } from 'react-router';
import { api, type List, type Result, type Run } from '../lib/api';
import { asked, pageSize as size } from '../lib/asked';
import { add, fromAddress, toAddress, type Filter } from '../lib/filter';
import { count, duration, testName } from '../lib/format';
import { orderOf, orderText, turned } from '../lib/listing';
import { buildOf, countsOf, meta, passRate, titleOf } from '../lib/runs';
import { classWord } from './classify';
import { Bar, Outcome, Tally } from './outcome';
import type { Column } from './rows';
import { Time } from './states';
import { Value, type Narrow } from './value';

/** useQueryText reads and changes what stands after the ? of the address, and leaves the hash, which says what tab is open. */
export function useQueryText(): [URLSearchParams, (change: (p: URLSearchParams) => URLSearchParams) => void] {
  const { pathname, search, hash } = useLocation();
  const go = useNavigate();
  const params = useMemo(() => new URLSearchParams(search), [search]);
  const set = useCallback(
    (change: (p: URLSearchParams) => URLSearchParams) =>
      void go({ pathname, search: String(change(new URLSearchParams(search))), hash }),
    [go, pathname, search, hash],
  );
  return [params, set];
}

const none: readonly string[] = [];

/** useFilters keeps the filters in the address, each change a step to go back from. own are keys that a page has for something else. */
export function useFilters(own = none): [Filter[], (f: Filter[]) => void, Narrow] {
  const [params, setParams] = useQueryText();
  const filters = useMemo(() => fromAddress(params, own), [params, own]);
  const change = useCallback((f: Filter[]) => setParams((p) => toAddress(f, p, own)), [setParams, own]);
  const now = useRef({ filters, change });
  useEffect(() => {
    now.current = { filters, change };
  });
  const narrow = useCallback<Narrow>((f) => now.current.change(add(now.current.filters, f)), []);
  return [filters, change, narrow];
}

/** useOrder keeps in the address by what a list is sorted. */
export function useOrder<T>(columns: Column<T>[]) {
  const [params, setParams] = useQueryText();
  const text = params.get('sort') ?? '';
  const order = orderOf(text);
  const sorted = columns.find((c) => c.orderBy && c.orderBy === order?.field);
  const sort = (name: string) => {
    const next = orderText(turned(order, columns.find((c) => c.name === name)!.orderBy!));
    setParams((p) => {
      const changed = new URLSearchParams(p);
      if (next) changed.set('sort', next);
      else changed.delete('sort');
      return changed;
    });
  };
  return { orderBy: text, sort, sorted: sorted && order ? { name: sorted.name, down: order.down } : null };
}

/** rest is how long a list that flies by waits between two looks at what to fetch, in ms. */
const rest = 120;

/** useLook says which pages of a list to fetch for the rows that are seen, and half a page around them; not for each frame of a fling. */
function useLook() {
  const [pages, setPages] = useState<[number, number]>([1, 1]);
  const wanted = useRef<[number, number]>([1, 1]);
  const due = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(
    () => () => {
      clearTimeout(due.current);
      due.current = undefined;
    },
    [],
  );
  const look = useCallback((from: number, to: number) => {
    const page = (row: number) => Math.floor(Math.max(0, row) / size) + 1;
    wanted.current = [page(from - size / 2), page(to + size / 2)];
    due.current ??= setTimeout(() => {
      due.current = undefined;
      const [first, last] = wanted.current;
      setPages((old) => (old[0] === first && old[1] === last ? old : [first, last]));
    }, rest);
  }, []);
  return { pages, look };
}

/**
 * useSparse fetches of a list the pages that are looked at. What comes in meanwhile is shown at once to somebody at the top of
 * the list, unless it is held: there are rows selected. To anybody else newer says how many there are, until renew shows
 * them: nothing moves away below the pointer. A list with another key is another list, to be read from its start.
 */
export function useSparse<K extends 'runs' | 'results', T>(
  path: string,
  kind: K,
  filter: string[],
  orderBy = '',
  held = false,
) {
  const client = useQueryClient();
  const { pages, look } = useLook();
  const [turn, setTurn] = useState(0);
  const page = (n: number) => asked.rows<K, T>(path, kind, filter, orderBy, n);
  const first = useQuery({ ...page(1), placeholderData: keepPreviousData });
  const total = first.data?.pagination.totalItems ?? 0;
  const wanted: number[] = [];
  const last = first.isPlaceholderData ? 1 : Math.ceil(total / size);
  for (let n = Math.max(2, pages[0]); n <= Math.min(pages[1], last); n++) wanted.push(n);
  const others = useQueries({ queries: wanted.map(page) });
  const row = (i: number): T | undefined => {
    const n = Math.floor(i / size) + 1;
    const data = n === 1 ? first.data : others[wanted.indexOf(n)]?.data;
    return data?.[kind][i % size];
  };

  // Until another question is answered, the rows of the one before stand as they are.
  const question = `${turn} ${orderBy} ${filter.join(' ')}`;
  const [key, setKey] = useState(question);
  if (key !== question && !first.isPlaceholderData) setKey(question);

  const now = useQuery({
    queryKey: ['newest', path, filter],
    queryFn: async ({ signal }) =>
      (await api.get<List<K, T>>(path, { filter, page: 1, pageSize: 1 }, signal)).pagination.totalItems,
    enabled: first.isSuccess && !first.isPlaceholderData,
    initialData: first.isPlaceholderData ? undefined : first.data?.pagination.totalItems,
    staleTime: 15000,
  });
  const newer = first.isPlaceholderData ? 0 : (now.data ?? total) - total;
  const still = newer <= 0 || (pages[0] === 1 && pages[1] === 1 && !held);
  const counted = useRef(0);
  useEffect(() => {
    // Counted anew: something has changed, if only what a row says.
    if (counted.current && now.dataUpdatedAt > counted.current && still)
      void client.invalidateQueries({ queryKey: [kind, path, filter] });
    counted.current = now.dataUpdatedAt;
  }, [now.dataUpdatedAt]); // eslint-disable-line react-hooks/exhaustive-deps
  return {
    first,
    total,
    row,
    look,
    key,
    newer: still ? 0 : newer,
    fetching: first.isFetching || others.some((o) => o.isFetching),
    renew: () => {
      setTurn((t) => t + 1);
      void client.invalidateQueries({ queryKey: [kind, path, filter] });
    },
  };
}

/** Newer offers what came into a list since it was fetched. */
export const Newer = ({ n, what, show }: { n: number; what: string; show: () => void }) => (
  <div role="status" className="newer-place">
    {n > 0 && (
      <button type="button" className="newer" onClick={show}>
        {count(n)} new {n === 1 ? what : what + 's'} <span aria-hidden="true">↑</span> <b>Show</b>
      </button>
    )}
  </div>
);

/** RunName is the build, which no column has. What the columns say that a phone leaves out stands below it there. */
function RunName({ run, to }: { run: Run; to: string }) {
  const build = buildOf(run);
  const place = build ? [run.component, run.env].filter(Boolean) : [];
  return (
    <Link to={to} className="name" title={titleOf(run)}>
      {build || titleOf(run)}
      <span className="quiet path only-narrow">
        {place.map((p) => `${p} · `)}
        <Time at={run.start_time} />
      </span>
    </Link>
  );
}

/** The columns with which a list of runs and one of results end. */
const whenAndWhich: Column<Run | Result>[] = [
  {
    name: 'Duration',
    width: '5.5rem',
    wide: true,
    orderBy: 'duration',
    cell: (r) => duration(r.duration),
    text: (r) => String(r.duration ?? ''),
  },
  {
    name: 'Started',
    width: '6rem',
    wide: true,
    orderBy: 'start_time',
    cell: (r) => <Time at={r.start_time} />,
    text: (r) => r.start_time ?? '',
  },
  {
    name: 'Id',
    width: '6rem',
    wide: true,
    cell: (r) => <code title={r.id}>{r.id?.slice(0, 8)}</code>,
    text: (r) => r.id!,
  },
];

/** The columns that a list of runs can have; the first is always there. */
export function runColumns(base: string, narrow: Narrow): Column<Run>[] {
  const value = (field: string, of: (r: Run) => string | null | undefined): Pick<Column<Run>, 'cell' | 'text'> => ({
    cell: (r) => <Value field={field} value={of(r)} narrow={narrow} />,
    text: (r) => of(r) ?? '',
  });
  const counted = (name: string, key: 'failed' | 'error' | 'skipped' | 'total', orderBy: string): Column<Run> => ({
    name,
    width: '5rem',
    wide: true,
    orderBy,
    cell: (r) => count(countsOf(r)[key]),
    text: (r) => String(countsOf(r)[key]),
  });
  return [
    {
      name: 'Run',
      width: 'minmax(8rem, 6fr)',
      cell: (r) => <RunName run={r} to={`${base}/runs/${r.id}`} />,
      text: titleOf,
    },
    {
      name: 'Component',
      width: 'minmax(5rem, 1fr)',
      wide: true,
      orderBy: 'component',
      ...value('component', (r) => r.component),
    },
    { name: 'Env', width: 'minmax(3rem, .6fr)', wide: true, orderBy: 'env', ...value('env', (r) => r.env) },
    { name: 'Source', width: 'minmax(5rem, 1fr)', wide: true, orderBy: 'source', ...value('source', (r) => r.source) },
    {
      name: 'Job',
      width: 'minmax(6rem, 1.4fr)',
      wide: true,
      ...value('metadata.jenkins.job_name', (r) => meta(r, 'jenkins.job_name')),
    },
    {
      name: 'Build',
      width: 'minmax(4rem, .6fr)',
      wide: true,
      ...value('metadata.jenkins.build_number', (r) => meta(r, 'jenkins.build_number')),
    },
    { name: 'Outcome', width: 'minmax(4rem, 1fr)', cell: (r) => <Bar counts={countsOf(r)} /> },
    {
      name: 'Tests',
      width: 'minmax(11rem, 1fr)',
      wide: true,
      orderBy: 'summary.tests',
      cell: (r) => <Tally counts={countsOf(r)} />,
      text: (r) => String(countsOf(r).total),
    },
    counted('Failed', 'failed', 'summary.failures'),
    counted('Errors', 'error', 'summary.errors'),
    counted('Skipped', 'skipped', 'summary.skips'),
    {
      name: 'Pass',
      width: '4.5rem',
      wide: true,
      orderBy: 'summary.pass_percent',
      cell: (r) => {
        const p = passRate(countsOf(r));
        return p == null ? '–' : `${p} %`;
      },
      text: (r) => String(passRate(countsOf(r)) ?? ''),
    },
    ...whenAndWhich,
  ];
}

export const usualRunColumns = ['Run', 'Component', 'Env', 'Outcome', 'Tests', 'Pass', 'Duration', 'Started'];

/** pathColumn shows any value below the metadata. */
export function pathColumn<T extends { metadata?: Record<string, unknown> }>(path: string, narrow: Narrow): Column<T> {
  const short = path.replace(/^metadata\./, '');
  return {
    name: short,
    width: 'minmax(6rem, 1fr)',
    wide: true,
    cell: (r) => <Value field={path} value={meta(r, short)} narrow={narrow} />,
    text: (r) => meta(r, short),
  };
}

/** TestName is the test with its parameters, then where it is, as far as a list by file does not say that. */
export function TestName({ id, to, file = '' }: { id: string; to: string; file?: string }) {
  const t = testName(id);
  const path = file && t.path.startsWith(file) ? t.path.slice(file.length).replace(/^::/, '') : t.path;
  return (
    <Link to={to} className="name" title={id}>
      {t.name}
      {t.params && <span className="params">[{t.params}]</span>}
      {path && <span className="quiet path"> {path}</span>}
    </Link>
  );
}

/** The columns that a list of results can have; the first is always there. */
export function resultColumns(base: string, narrow: Narrow): Column<Result>[] {
  const value = (
    field: string,
    of: (r: Result) => string | null | undefined,
    word?: (value: string) => string,
  ): Pick<Column<Result>, 'cell' | 'text'> => ({
    cell: (r) => {
      const v = of(r);
      return <Value field={field} value={v} text={v && word?.(v)} narrow={narrow} />;
    },
    text: (r) => of(r) ?? '',
  });
  return [
    {
      name: 'Test',
      width: 'minmax(8rem, 5fr)',
      orderBy: 'test_id',
      cell: (r) => <TestName id={r.test_id ?? r.id!} to={`${base}/results/${r.id}`} />,
      text: (r) => r.test_id ?? '',
    },
    {
      name: 'Result',
      width: '5.5rem',
      orderBy: 'result',
      cell: (r) => <Outcome state={r.result} />,
      text: (r) => r.result ?? '',
    },
    {
      name: 'Exception',
      width: 'minmax(6rem, 1.2fr)',
      wide: true,
      ...value('metadata.exception_name', (r) => meta(r, 'exception_name')),
    },
    {
      name: 'Class',
      width: 'minmax(6rem, .7fr)',
      wide: true,
      ...value('metadata.classification', (r) => meta(r, 'classification'), classWord),
    },
    {
      name: 'Assignee',
      width: 'minmax(6rem, 1fr)',
      wide: true,
      ...value('metadata.assignee', (r) => meta(r, 'assignee')),
    },
    {
      name: 'Component',
      width: 'minmax(6rem, 1fr)',
      wide: true,
      orderBy: 'component',
      ...value('component', (r) => r.component),
    },
    { name: 'Env', width: 'minmax(4rem, 0.6fr)', wide: true, orderBy: 'env', ...value('env', (r) => r.env) },
    { name: 'Source', width: 'minmax(5rem, 1fr)', wide: true, orderBy: 'source', ...value('source', (r) => r.source) },
    ...whenAndWhich,
  ];
}

export const usualResultColumns = ['Test', 'Result', 'Exception', 'Class', 'Component', 'Env', 'Duration', 'Started'];

export const Total = ({ n, what }: { n: number; what: string }) => (
  <span className="quiet" aria-live="polite">
    {count(n)} {n === 1 ? what : what + 's'}
  </span>
);
