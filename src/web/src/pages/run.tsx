import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { useProject } from '../frame';
import { allResults, api, APIError, type Result, type Run } from '../lib/api';
import { compareAddress } from '../lib/compare';
import { count, duration } from '../lib/format';
import { insight, type Comparison } from '../lib/insight';
import { countsOf, meta, passRate, states, titleOf } from '../lib/runs';
import { tree, visible, type Node } from '../lib/tree';
import { Artifacts } from '../parts/artifacts';
import { Groups } from '../parts/groups';
import { resultColumns, TestName } from '../parts/lists';
import { Metadata } from '../parts/metadata';
import { Bar, Outcome } from '../parts/outcome';
import { Rows, type Column } from '../parts/rows';
import { RunActions } from '../parts/run_actions';
import { Busy, Copy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import { Tabs, useTab } from '../parts/tabs';
import { Text } from '../parts/text';
import { Timeline } from '../parts/timeline';
import './run.css';

const quiet = 120000;

/** useComing says whether a run still comes in: it was made, or got results, a moment ago. */
function useComing(run: Run | undefined, tests: number): boolean {
  const [seen, setSeen] = useState({ tests: -1, at: 0 });
  useEffect(() => {
    if (run && seen.tests !== tests)
      setSeen({ tests, at: seen.tests < 0 ? Date.parse(run.created ?? '') : Date.now() });
  }, [run, tests, seen.tests]);
  return Date.now() - seen.at < quiet;
}

export function RunPage() {
  const { project, base } = useProject();
  const id = useParams()['id']!;
  const run = useQuery({
    queryKey: ['run', id],
    queryFn: ({ signal }) => api.get<Run>(`/run/${id}`, {}, signal),
    // A run that was made a moment ago is still coming in.
    refetchInterval: (q) =>
      q.state.data && Date.now() - Date.parse(q.state.data.created ?? '') < 600000 ? 5000 : false,
  });
  const r = run.data;
  const tests = r ? countsOf(r).total : 0;
  const coming = useComing(r, tests);
  const names = ['failures', 'results-list', 'results-tree', 'timeline', 'artifacts', 'environment', 'run-object'];
  const [tab, choose] = useTab(names, {
    summary: 'failures',
    'classify-failures': 'failures',
    details: 'environment',
  });
  const whole = ['results-list', 'results-tree', 'timeline'].includes(tab);
  const results = useQuery({
    queryKey: ['results', 'run', id, tests],
    queryFn: ({ signal }) => allResults([`run_id=${id}`, `project_id=${project}`], signal),
    enabled: !!r && whole,
    placeholderData: (old) => old,
    staleTime: 60000,
  });
  const changes = useQuery({
    queryKey: ['changes', id, tests],
    enabled: !!r,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => insight.compare(project, [id], [], { pageSize: 1 }, signal),
  });
  const title = r ? titleOf(r) : 'Run';
  useTitle(title);
  if (run.error)
    return run.error instanceof APIError && (run.error.status === 404 || run.error.status === 400) ? (
      <Empty title="This run is not there" actions={<Link to={`${base}/runs`}>All runs</Link>}>
        It may have been deleted.
      </Empty>
    ) : (
      <Failed error={run.error} what="The run" retry={() => void run.refetch()} />
    );
  if (!r) return <Lines />;
  const counts = countsOf(r);
  const rate = passRate(counts);
  const failed = counts.failed + counts.error;
  const build = meta(r, 'jenkins.build_url') || meta(r, 'ci_url') || meta(r, 'build_url');
  return (
    <div className={tab === 'results-list' || tab === 'results-tree' ? 'full' : ''}>
      <div className="heading">
        <h1>{title}</h1>
        <span className="small-id quiet">
          {id.slice(0, 8)}
          <Copy text={id} label="Copy the run’s id" />
        </span>
        <span className="spring" />
        <Changes comparison={changes.data} base={base} />
        <RunActions run={r} project={project} base={base} />
      </div>
      {coming && (
        <p className="coming" role="status">
          <span className="pulse" aria-hidden="true" /> Still coming in: {count(counts.total)} results so far.
        </p>
      )}
      <p className="facts">
        <span>
          <Time at={r.start_time} />
        </span>
        <span>{duration(r.duration)}</span>
        <span>{count(counts.total)} tests</span>
        {rate != null && <strong>{rate} % passed</strong>}
        {build.startsWith('http') && (
          <a href={build} rel="noreferrer">
            CI build
          </a>
        )}
      </p>
      <Bar counts={counts} />
      <p className="facts">
        {(['failed', 'error', 'skipped', 'xfailed', 'xpassed', 'passed'] as const)
          .filter((s) => counts[s] > 0)
          .map((s) => (
            <Link key={s} to={`${base}/results?run_id=${id}&result=${s}`}>
              <Outcome state={s} /> {count(counts[s])}
            </Link>
          ))}
      </p>
      <Tabs
        tab={tab}
        choose={choose}
        tabs={[
          ['failures', `Failures (${count(failed)})`],
          ['results-list', 'All results'],
          ['results-tree', 'Tree'],
          ['timeline', 'Timeline'],
          ['artifacts', 'Artifacts'],
          ['environment', 'Environment'],
          ['run-object', 'Raw'],
        ]}
      />
      <Busy on={results.isFetching} />
      {tab === 'failures' ? (
        counts.total ? (
          <Groups run={id} project={project} base={base} failed={failed} />
        ) : (
          <Empty title="No results yet">They show up here while they come in.</Empty>
        )
      ) : tab === 'artifacts' ? (
        <Artifacts of={{ runId: id }} />
      ) : tab === 'run-object' ? (
        <Text text={JSON.stringify(r, null, 2)} label="Run as JSON" />
      ) : tab === 'environment' ? (
        <Environment run={r} base={base} />
      ) : results.error ? (
        <Failed error={results.error} what="Results" retry={() => void results.refetch()} />
      ) : !results.data ? (
        <Lines />
      ) : tab === 'results-list' ? (
        <All results={results.data} base={base} run={id} />
      ) : tab === 'timeline' ? (
        <Timeline results={results.data} base={base} />
      ) : (
        <Tree results={results.data} base={base} />
      )}
    </div>
  );
}

/** Changes says what is otherwise than in the build before, and leads to the comparison. */
function Changes({ comparison, base }: { comparison: Comparison | undefined; base: string }) {
  if (!comparison?.previous) return null;
  const { newly_failing, fixed } = comparison.counts;
  return (
    <Link className="changes-link" to={compareAddress(base, comparison.previous_runs, comparison.runs)}>
      {newly_failing > 0 && <span className="text-failed">▲ {count(newly_failing)} new</span>}
      {fixed > 0 && <span className="text-passed">▼ {count(fixed)} fixed</span>}
      <span>{newly_failing || fixed ? 'since the build before' : 'Compare with the build before'}</span>
    </Link>
  );
}

function All({ results, base, run }: { results: Result[]; base: string; run: string }) {
  const go = useNavigate();
  const [sort, setSort] = useState<{ name: string; down: boolean } | null>(null);
  const [text, setText] = useState('');
  const [state, setState] = useState('');
  const columns = resultColumns(
    base,
    [],
    (f) =>
      void go(`${base}/results?run_id=${run}&` + f.map((x) => `${x.field}=${encodeURIComponent(x.value)}`).join('&')),
    true,
  );
  const rows = useMemo(() => {
    const wanted = text.toLowerCase();
    const some = results.filter(
      (r) => (!state || r.result === state) && (!wanted || (r.test_id ?? '').toLowerCase().includes(wanted)),
    );
    const by = columns.find((c) => c.name === sort?.name)?.sort;
    return by ? some.sort((a, b) => (sort!.down ? -by(a, b) : by(a, b))) : some;
  }, [results, text, state, sort]); // eslint-disable-line react-hooks/exhaustive-deps
  return (
    <>
      <div className="choices">
        <input
          className="field"
          type="search"
          aria-label="Find a test"
          placeholder="Find a test"
          value={text}
          onChange={(e) => setText(e.target.value)}
        />
        <select className="field" aria-label="Result" value={state} onChange={(e) => setState(e.target.value)}>
          <option value="">All results</option>
          {states.map((s) => (
            <option key={s}>{s}</option>
          ))}
        </select>
        <span className="quiet">{count(rows.length)} shown</span>
      </div>
      <Rows
        label="Results of the run"
        columns={columns}
        total={rows.length}
        row={(i) => rows[i]}
        id={(r) => r.id!}
        open={(r) => void go(`${base}/results/${r.id}`)}
        sort={sort}
        onSort={(name) =>
          setSort(sort?.name === name ? (sort.down ? null : { name, down: true }) : { name, down: false })
        }
      />
    </>
  );
}

function Tree({ results, base }: { results: Result[]; base: string }) {
  const go = useNavigate();
  const root = useMemo(() => tree(results), [results]);
  const [open, setOpen] = useState<Map<string, boolean>>(new Map());
  const isOpen = (n: Node) => open.get(n.key) ?? (n.depth < 1 || (n.good < n.tests && n.depth < 4));
  const rows = visible(root, isOpen);
  const flip = (n: Node) => setOpen((o) => new Map(o).set(n.key, !isOpen(n)));
  const columns: Column<Node>[] = [
    {
      name: 'Name',
      width: 'minmax(12rem, 4fr)',
      cell: (n) => (
        <span style={{ paddingInlineStart: n.depth * 18 }}>
          {n.result ? (
            <TestName id={n.name} to={`${base}/results/${n.result.id}`} />
          ) : (
            <button type="button" className="folder" aria-expanded={isOpen(n)} onClick={() => flip(n)}>
              <span aria-hidden="true">{isOpen(n) ? '▾' : '▸'}</span> {n.name}
            </button>
          )}
        </span>
      ),
    },
    {
      name: 'Result',
      width: '10rem',
      cell: (n) =>
        n.result ? (
          <Outcome state={n.result.result} />
        ) : (
          <span>
            {n.good} of {n.tests} good
          </span>
        ),
    },
    { name: 'Duration', width: '6rem', wide: true, cell: (n) => n.result && duration(n.result.duration) },
  ];
  return (
    <Rows
      label="Tree of results"
      columns={columns}
      total={rows.length}
      row={(i) => rows[i]}
      id={(n) => n.key}
      open={(n) => (n.result ? void go(`${base}/results/${n.result.id}`) : flip(n))}
    />
  );
}

/** Environment is where the run ran, each value a click from the runs that share it. */
function Environment({ run, base }: { run: Run; base: string }) {
  return (
    <Metadata row={run} to={`${base}/runs`} more={{ component: run.component, env: run.env, source: run.source }} />
  );
}
