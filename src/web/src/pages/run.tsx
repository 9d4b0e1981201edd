import { Button, Label } from '@patternfly/react-core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { useProject } from '../frame';
import { allResults, api, APIError, type List, type Result, type Run } from '../lib/api';
import { failing } from '../lib/failures';
import { count, duration } from '../lib/format';
import { insight } from '../lib/insight';
import { countsOf, lineOf, meta, passRate, states, titleOf } from '../lib/runs';
import { tree, visible, type Node } from '../lib/tree';
import { Artifacts } from '../parts/artifacts';
import { ClassifyBar, classWord } from '../parts/classify';
import { resultColumns, TestName } from '../parts/lists';
import { Bar, Outcome, Spark } from '../parts/outcome';
import { Rows, type Column } from '../parts/rows';
import { Busy, Copy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import { Tabs, useTab } from '../parts/tabs';
import { Text } from '../parts/text';

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
  const results = useQuery({
    queryKey: ['results', 'run', id, tests],
    queryFn: ({ signal }) => allResults([`run_id=${id}`, `project_id=${project}`], signal),
    enabled: !!r,
    placeholderData: (old) => old,
    staleTime: 60000,
  });
  const newer = useQuery({
    queryKey: ['previous', id],
    enabled: !!r?.start_time,
    queryFn: async ({ signal }) => {
      const filter = [
        `project_id=${project}`,
        `start_time<${r!.start_time!.replace('Z', '')}`,
        ...(r!.component ? [`component=${r!.component}`] : []),
        ...(r!.env ? [`env=${r!.env}`] : []),
      ];
      const list = await api.get<List<'runs', Run>>('/run', { filter, pageSize: 20 }, signal);
      return list.runs.find((o) => o.id !== id && lineOf(o) === lineOf(r!)) ?? null;
    },
  });
  const title = r ? titleOf(r) : 'Run';
  useTitle(title);
  const names = ['failures', 'results-list', 'results-tree', 'artifacts', 'details', 'run-object'];
  const [tab, choose] = useTab(names, { summary: 'failures', 'classify-failures': 'failures' });
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
  const wide = tab === 'results-list' || tab === 'results-tree';
  return (
    <div className={wide ? 'full' : ''}>
      <div className="heading">
        <h1>{title}</h1>
        <Copy text={id} label="Copy the run’s id" />
        <span className="spring" />
        {newer.data && (
          <Link className="pf-v6-c-button pf-m-secondary pf-m-small" to={`${base}/compare?a=${newer.data.id}&b=${id}`}>
            Compare with the previous
          </Link>
        )}
      </div>
      <p className="facts">
        <span>
          <Time at={r.start_time} />
        </span>
        <span>{duration(r.duration)}</span>
        <span>{count(counts.total)} tests</span>
        {rate != null && <strong>{rate} % passed</strong>}
        {meta(r, 'jenkins.build_url').startsWith('http') && (
          <a href={meta(r, 'jenkins.build_url')} rel="noreferrer">
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
          ['failures', `Failures (${counts.failed + counts.error})`],
          ['results-list', 'All results'],
          ['results-tree', 'Tree'],
          ['artifacts', 'Artifacts'],
          ['details', 'Details'],
          ['run-object', 'Raw'],
        ]}
      />
      <Busy on={results.isFetching} />
      {results.error ? (
        <Failed error={results.error} what="Results" retry={() => void results.refetch()} />
      ) : tab === 'artifacts' ? (
        <Artifacts of={{ runId: id }} />
      ) : tab === 'run-object' ? (
        <Text text={JSON.stringify(r, null, 2)} label="Run as JSON" />
      ) : tab === 'details' ? (
        <Details run={r} base={base} />
      ) : !results.data ? (
        <Lines />
      ) : tab === 'failures' ? (
        <Failures results={results.data} run={id} project={project} base={base} />
      ) : tab === 'results-list' ? (
        <All results={results.data} base={base} run={id} />
      ) : (
        <Tree results={results.data} base={base} />
      )}
    </div>
  );
}

function Failures({ results, run, project, base }: { results: Result[]; run: string; project: string; base: string }) {
  const failed = results.filter((r) => failing(r.result)).length;
  const asked = useQuery({
    queryKey: ['failures', run, failed],
    queryFn: ({ signal }) => insight.failuresOf(project, run, signal),
    placeholderData: keepPreviousData,
    staleTime: 60000,
  });
  const found = useMemo(() => {
    const known = new Map(results.map((r) => [r.id!, r]));
    return (asked.data?.groups ?? [])
      .map((g) => ({ ...g, key: g.fingerprint, results: (g.results ?? []).flatMap((f) => known.get(f.id) ?? []) }))
      .filter((g) => g.results.length > 0);
  }, [asked.data, results]);
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  if (asked.error) return <Failed error={asked.error} what="The failures" retry={() => void asked.refetch()} />;
  if (!asked.data) return <Lines />;
  if (found.length === 0)
    return (
      <Empty title={results.length ? 'Nothing failed' : 'No results yet'}>
        {results.length ? 'Every test of this run ended as it should.' : 'They show up here while they come in.'}
      </Empty>
    );
  const all = found.flatMap((g) => g.results);
  const toggle = (ids: string[]) =>
    setChosen((old) => {
      const next = new Set(old);
      const on = ids.every((i) => old.has(i));
      ids.forEach((i) => (on ? next.delete(i) : next.add(i)));
      return next;
    });
  const picked = all.filter((r) => chosen.has(r.id!));
  return (
    <>
      <ClassifyBar
        results={picked}
        label={picked.length ? `${picked.length} selected:` : 'Select failures to classify:'}
        {...(picked.length > 0 && { clear: () => setChosen(new Set()) })}
      />
      {found.map((g) => {
        const ids = g.results.map((r) => r.id!);
        return (
          <section key={g.key} className="panel group">
            <h2>
              <label>
                <input
                  type="checkbox"
                  checked={ids.every((i) => chosen.has(i))}
                  onChange={() => toggle(ids)}
                  aria-label={`Select all ${g.exception}`}
                />
              </label>
              {g.exception}
              <Label isCompact color="red">
                {g.results.length}
              </Label>
              {g.first_run === run ? (
                <Label isCompact variant="outline" color="orange">
                  new
                </Label>
              ) : (
                <span className="quiet since">
                  since <Time at={g.first_seen} />
                </span>
              )}
              <Spark label={`Failures like this on each of the last ${g.spark.length} days`} values={g.spark} />
            </h2>
            {g.message && (
              <p className="message">
                <code>{g.message}</code>
              </p>
            )}
            <ul className="plain-list">
              {g.results.slice(0, 50).map((r) => (
                <li key={r.id} className="line-item">
                  <input
                    type="checkbox"
                    aria-label={`Select ${r.test_id}`}
                    checked={chosen.has(r.id!)}
                    onChange={() => toggle([r.id!])}
                  />
                  <Outcome state={r.result} />
                  <TestName id={r.test_id ?? r.id!} to={`${base}/results/${r.id}`} />
                  {meta(r, 'classification') && (
                    <Label isCompact variant="outline">
                      {classWord(meta(r, 'classification'))}
                    </Label>
                  )}
                </li>
              ))}
            </ul>
            {g.results.length > 50 && <p className="quiet">and {g.results.length - 50} more, in all results</p>}
          </section>
        );
      })}
    </>
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

function Details({ run, base }: { run: Run; base: string }) {
  return (
    <Metadata
      row={run}
      to={(field, value) => `${base}/runs?${encodeURIComponent(field)}=${encodeURIComponent(value)}`}
      more={{ component: run.component, env: run.env, source: run.source }}
    />
  );
}

/** Metadata lists all values, each a click from the list of those that share it. */
export function Metadata({
  row,
  to,
  more,
}: {
  row: { metadata?: Record<string, unknown> };
  to: (field: string, value: string) => string;
  more: Record<string, string | null | undefined>;
}) {
  const [text, setText] = useState('');
  const rows = useMemo(() => {
    const found: [string, string][] = Object.entries(more)
      .filter(([, v]) => v)
      .map(([k, v]) => [k, v!]);
    const walk = (value: unknown, path: string) => {
      if (value == null || value === '') return;
      if (Array.isArray(value))
        value.forEach((v) =>
          typeof v === 'object' ? found.push([path, JSON.stringify(v)]) : found.push([path, String(v)]),
        );
      else if (typeof value === 'object') for (const [k, v] of Object.entries(value)) walk(v, `${path}.${k}`);
      else found.push([path, String(value)]);
    };
    walk(row.metadata, 'metadata');
    return found;
  }, [row, more.component]); // eslint-disable-line react-hooks/exhaustive-deps
  useEffect(() => setText(''), [row]);
  const some = rows.filter(([k, v]) => (k + ' ' + v).toLowerCase().includes(text.toLowerCase()));
  return (
    <>
      <input
        className="field"
        type="search"
        placeholder="Search the metadata"
        aria-label="Search the metadata"
        value={text}
        onChange={(e) => setText(e.target.value)}
      />
      <dl className="metadata">
        {some.map(([k, v], i) => (
          <div key={k + i}>
            <dt>{k.replace(/^metadata\./, '')}</dt>
            <dd>
              {v.length < 200 && /^[\w.-]+$/.test(k) ? <Link to={to(k, v)}>{v}</Link> : <code>{v}</code>}
              <Copy text={v} label={`Copy ${k}`} />
            </dd>
          </div>
        ))}
      </dl>
      {some.length === 0 && (
        <Button variant="link" onClick={() => setText('')}>
          Nothing found. Show all
        </Button>
      )}
    </>
  );
}
