import { useQueries, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { Link, useLocation, useNavigate } from 'react-router';
import { useProject } from '../frame';
import { api, type List, type Result } from '../lib/api';
import { toAddress, toAPI, type Filter } from '../lib/filter';
import { count, duration } from '../lib/format';
import { insight } from '../lib/insight';
import { meta } from '../lib/runs';
import { trail } from '../lib/trail';
import { failingIn, leaves, tree, visible, type Node } from '../lib/tree';
import { TestName } from './lists';
import { Bar, Outcome } from './outcome';
import { Rows, type Column } from './rows';
import { Busy, Empty, Failed, Lines } from './states';

/** How many results of a file are shown; the list of all results has the others. */
const most = 200;

/** How many files are open from the start: each is a request. */
const atOnce = 3;

const ofFile = (path: string): Filter =>
  path
    ? { field: 'metadata.fspath', operator: 'eq', value: path }
    : { field: 'metadata.fspath', operator: 'exists', value: 'n' };

/** RunTree shows where the results of a run come from. The results of a file are fetched when it is opened. */
export function RunTree({ run, tests }: { run: string; tests: number }) {
  const { project, base } = useProject();
  const go = useNavigate();
  const here = useLocation();
  const files = useQuery({
    queryKey: ['files', run, tests],
    queryFn: ({ signal }) => insight.files(project, run, signal),
    placeholderData: (old) => old,
    staleTime: 60000,
  });
  const told = files.data?.files;
  const root = useMemo(() => tree(told ?? []), [told]);
  const first = useMemo(() => {
    const failing = (told ?? []).filter((f) => f.counts.failed + f.counts.error > 0);
    return new Set((told?.length === 1 ? told : failing.slice(0, atOnce)).map((f) => f.path));
  }, [told]);
  const [turned, setTurned] = useState<Map<string, boolean>>(new Map());
  const isOpen = (n: Node) =>
    turned.get(n.key) ?? (n.file !== undefined ? first.has(n.file) : n.depth < 1 || (failingIn(n) > 0 && n.depth < 4));
  const flip = (n: Node) => setTurned((old) => new Map(old).set(n.key, !isOpen(n)));

  const opened = (told ?? []).map((f) => f.path).filter((path) => turned.get(`file ${path}`) ?? first.has(path));
  const fetched = useQueries({
    queries: opened.map((path) => ({
      queryKey: ['results', 'file', run, path, tests],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get<List<'results', Result>>(
          '/result',
          {
            filter: [`run_id=${run}`, `project_id=${project}`, ...toAPI([ofFile(path)])],
            orderBy: 'test_id',
            pageSize: most,
            estimate: true,
          },
          signal,
        ),
      staleTime: 60000,
    })),
  });
  const inside = (file: Node) => leaves(file, fetched[opened.indexOf(file.file!)]?.data?.results ?? []);
  const rows = visible(root, isOpen, inside);
  const ids = rows.flatMap((n) => n.result?.id ?? []);
  useEffect(() => {
    if (ids.length) trail.keep({ title: 'results of the run', back: here.pathname + here.search + here.hash, ids });
  }, [ids.join(), here]); // eslint-disable-line react-hooks/exhaustive-deps

  if (files.error) return <Failed error={files.error} what="The files" retry={() => void files.refetch()} />;
  if (!files.data) return <Lines />;
  if (files.data.total === 0) return <Empty title="No results yet">They show up here while they come in.</Empty>;
  const more = (file: string) => `${here.pathname}?${toAddress([ofFile(file)])}#results-list`;
  const columns: Column<Node>[] = [
    {
      name: 'Name',
      width: 'minmax(10rem, 4fr)',
      cell: (n) => (
        <span className="tree-cell" style={{ paddingInlineStart: n.depth * 18 }}>
          {n.result ? (
            <TestName id={n.name} to={`${base}/results/${n.result.id}`} file={meta(n.result, 'fspath')} />
          ) : n.left ? (
            <Link to={more(n.left.file)}>and {count(n.left.n)} more</Link>
          ) : (
            <button type="button" className="folder" aria-expanded={isOpen(n)} onClick={() => flip(n)}>
              <span aria-hidden="true">{isOpen(n) ? '▾' : '▸'}</span> {n.name}
            </button>
          )}
        </span>
      ),
    },
    {
      name: 'Outcome',
      width: 'minmax(6rem, 1fr)',
      wide: true,
      cell: (n) => n.counts.total > 0 && <Bar counts={n.counts} />,
    },
    {
      name: 'Result',
      width: 'minmax(7.5rem, 1fr)',
      cell: (n) => (n.result ? <Outcome state={n.result.result} /> : <Sum of={n} />),
    },
    { name: 'Duration', width: '6rem', wide: true, cell: (n) => n.result && duration(n.result.duration) },
  ];
  const open = (n: Node) => {
    if (n.result) void go(`${base}/results/${n.result.id}`);
    else if (n.left) void go(more(n.left.file));
    else flip(n);
  };
  return (
    <>
      <Busy on={files.isFetching || fetched.some((f) => f.isFetching)} />
      {files.data.total > files.data.files.length && (
        <p className="quiet">
          {count(files.data.files.length)} of {count(files.data.total)} files; those with failures are among them.
        </p>
      )}
      <Rows
        label="Tree of results"
        columns={columns}
        total={rows.length}
        row={(i) => rows[i]}
        id={(n) => n.key}
        open={open}
      />
    </>
  );
}

/** Sum says how much of a folder or file went wrong. */
function Sum({ of: n }: { of: Node }) {
  const failing = failingIn(n);
  if (n.left) return null;
  return failing > 0 ? (
    <span className="text-failed">
      {count(failing)} of {count(n.counts.total)} failed
    </span>
  ) : (
    <span className="quiet">
      {count(n.counts.total)} {n.counts.total === 1 ? 'test' : 'tests'}
    </span>
  );
}
