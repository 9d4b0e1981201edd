import { Button } from '@patternfly/react-core';
import { useQueries, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { useProject } from '../frame';
import { api, type Result, type Run } from '../lib/api';
import { forProject } from '../lib/filter';
import { count } from '../lib/format';
import { countsOf, titleOf } from '../lib/runs';
import { FilterLine } from '../parts/filterline';
import { resultColumns, Total, useFilters, useSparse } from '../parts/lists';
import { Bar, Icon } from '../parts/outcome';
import { Rows, type Column } from '../parts/rows';
import { Busy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import { Tabs, useTab } from '../parts/tabs';
import { Text } from '../parts/text';
import { Checks } from '../widgets/accessibility_bar_chart';
import type { ViewProps } from './view';

interface Checked {
  passes: number;
  violations: number;
}

/** checkedIn reads how many checks a run says to have made. */
function checkedIn(run: Run): Checked | null {
  const d = run.metadata?.['accessibility_data'] as Partial<Checked> | null | undefined;
  return d && typeof d === 'object' && Number.isFinite(Number(d.passes)) && Number.isFinite(Number(d.violations))
    ? { passes: Number(d.passes), violations: Number(d.violations) }
    : null;
}

const rowsOf = (c: Checked): [string, number, number][] => {
  const all = c.passes + c.violations || 1;
  return [
    ['passes', c.passes, (100 * c.passes) / all],
    ['violations', c.violations, (100 * c.violations) / all],
  ];
};

export function AccessibilityView({ title }: ViewProps) {
  useTitle(title);
  const { project, base } = useProject();
  const go = useNavigate();
  const [filters, change] = useFilters();
  const list = useSparse<'runs', Run>('/run', 'runs', ['metadata.accessibility@t', ...forProject(project, filters)]);
  const to = (r: Run) => `${base}/view/accessibility-analysis-view?run_list=${r.id}`;
  const columns: Column<Run>[] = [
    {
      name: 'Run',
      width: 'minmax(8rem, 3fr)',
      cell: (r) => (
        <Link className="name" to={to(r)} title={titleOf(r)}>
          {titleOf(r)}
        </Link>
      ),
    },
    {
      name: 'Checks',
      width: 'minmax(6rem, 1.4fr)',
      cell: (r) => {
        const c = checkedIn(r);
        if (c && c.passes + c.violations === 0) return <span className="quiet">no checks</span>;
        return c ? (
          <span className="tally">
            <span className={c.violations ? 'text-failed' : 'quiet'}>
              <Icon state={c.violations ? 'failed' : 'passed'} /> {count(c.violations)}{' '}
              {c.violations === 1 ? 'violation' : 'violations'}
            </span>
            <span className="quiet only-wide">of {count(c.passes + c.violations)}</span>
          </span>
        ) : (
          '–'
        );
      },
    },
    { name: 'Tests', width: 'minmax(4rem, 1.2fr)', cell: (r) => <Bar counts={countsOf(r)} /> },
    { name: 'Source', width: 'minmax(4rem, .8fr)', wide: true, cell: (r) => r.source },
    { name: 'Env', width: 'minmax(3rem, .8fr)', wide: true, cell: (r) => r.env },
    { name: 'Started', width: '6rem', wide: true, cell: (r) => <Time at={r.start_time} /> },
  ];
  return (
    <div className="full">
      <div className="heading">
        <h1>{title}</h1>
        {list.first.data && <Total n={list.total} what="run" />}
      </div>
      <FilterLine kind="run" project={project} filters={filters} change={change} />
      <Busy on={list.fetching} />
      {list.first.error ? (
        <Failed error={list.first.error} what="Runs" retry={list.renew} />
      ) : !list.first.data ? (
        <Lines />
      ) : list.total === 0 ? (
        <Empty
          title={filters.length ? 'No such run is like this' : 'No run checked accessibility yet'}
          actions={
            filters.length > 0 && (
              <Button variant="link" onClick={() => change([])}>
                Clear all filters
              </Button>
            )
          }
        >
          Runs show up here that say so in metadata.accessibility; metadata.accessibility_data has their passes and
          violations.
        </Empty>
      ) : (
        <Rows
          list={list.key}
          label="Runs that checked accessibility"
          columns={columns}
          total={list.total}
          row={list.row}
          id={(r) => r.id!}
          range={list.look}
          open={(r) => void go(to(r))}
        />
      )}
    </div>
  );
}

const tabs: [string, string][] = [
  ['overview', 'Overview'],
  ['results-list', 'Results'],
  ['run-object', 'Raw'],
];

export function AccessibilityAnalysisView({ title, params }: ViewProps) {
  useTitle(title);
  const { base } = useProject();
  const [address] = useSearchParams();
  const saved = Array.isArray(params['run_list']) ? params['run_list'].map(String) : [];
  const asked = address
    .getAll('run_list')
    .flatMap((v) => v.replace(/^\[\w+\]/, '').split(/[,;]/))
    .filter(Boolean);
  const ids = [...new Set(asked.length ? asked : saved)].slice(0, 20);
  const [tab, choose] = useTab(tabs.map(([n]) => n));
  const runs = useQueries({
    queries: ids.map((id) => ({
      queryKey: ['run', id],
      queryFn: ({ signal }: { signal: AbortSignal }) => api.get<Run>(`/run/${id}`, {}, signal),
    })),
  });
  const failed = runs.find((r) => r.error);
  if (ids.length === 0)
    return (
      <>
        <div className="heading">
          <h1>{title}</h1>
        </div>
        <Empty
          title="Choose a run"
          actions={<Link to={`${base}/view/accessibility-dashboard-view`}>Runs that checked accessibility</Link>}
        >
          The analysis is about one run, or several.
        </Empty>
      </>
    );
  if (failed) return <Failed error={failed.error} what="The run" retry={() => void failed.refetch()} />;
  const found = runs.flatMap((r) => (r.data ? [r.data] : []));
  if (found.length < ids.length) return <Lines />;
  return (
    <div className={tab === 'results-list' ? 'full' : ''}>
      <div className="heading">
        <h1>{found.length === 1 ? titleOf(found[0]!) : `${found.length} runs`}</h1>
        <span className="quiet">{title}</span>
      </div>
      <Tabs tabs={tabs} tab={tab} choose={choose} />
      {tab === 'overview' ? (
        found.map((r) => <Overview key={r.id} run={r} />)
      ) : tab === 'results-list' ? (
        <Marked ids={ids} />
      ) : (
        found.map((r) => <Text key={r.id} text={JSON.stringify(r, null, 2)} label={`Run ${r.id}`} />)
      )}
    </div>
  );
}

function Overview({ run }: { run: Run }) {
  const { base } = useProject();
  const said = checkedIn(run);
  // A run that does not say it may have it in its artifact.
  const drawn = useQuery({
    queryKey: ['checks', run.id],
    enabled: !said,
    queryFn: async ({ signal }) =>
      (await api.get<({ x: string; y: number } | { total: number })[] | null>(
        '/widget/accessibility-bar-chart',
        { run_list: [run.id!] },
        signal,
      )) ?? [],
  });
  const of = (name: string) => drawn.data?.flatMap((p) => ('x' in p && p.x === name ? [p.y] : []))[0];
  const checked =
    said ?? (of('passes') !== undefined ? { passes: of('passes')!, violations: of('violations') ?? 0 } : null);
  return (
    <section className="panel checks">
      <h2>
        <Link to={`${base}/runs/${run.id}`}>{titleOf(run)}</Link>{' '}
        <span className="quiet">
          <Time at={run.start_time} />
        </span>
      </h2>
      {checked ? (
        <Checks rows={rowsOf(checked)} />
      ) : drawn.error ? (
        <Failed error={drawn.error} what="The checks" retry={() => void drawn.refetch()} />
      ) : drawn.data || said ? (
        <p className="quiet">
          The run does not say how many checks it made: neither metadata.accessibility_data nor an artifact
          axe_run_data.yaml is there.
        </p>
      ) : (
        <Lines n={1} />
      )}
      <p className="facts">
        <span>{count(countsOf(run).total)} tests</span>
        <Bar counts={countsOf(run)} />
      </p>
    </section>
  );
}

function Marked({ ids }: { ids: string[] }) {
  const { project, base } = useProject();
  const go = useNavigate();
  const [filters, change, narrow] = useFilters();
  const columns = useMemo(() => resultColumns(base, narrow), [base, narrow]);
  const list = useSparse<'results', Result>('/result', 'results', [
    `run_id*${ids.join(';')}`,
    'metadata.markers*accessibility',
    ...forProject(project, filters),
  ]);
  return (
    <>
      <FilterLine kind="result" project={project} filters={filters} change={change} />
      <Busy on={list.fetching} />
      {list.first.error ? (
        <Failed error={list.first.error} what="Results" retry={list.renew} />
      ) : !list.first.data ? (
        <Lines />
      ) : list.total === 0 ? (
        <Empty
          title={filters.length ? 'No such result is like this' : 'No result has the marker accessibility'}
          actions={
            filters.length > 0 ? (
              <Button variant="link" onClick={() => change([])}>
                Clear all filters
              </Button>
            ) : (
              <Link to={`${base}/results?run_id=[in]${ids.join(';')}`}>All results</Link>
            )
          }
        />
      ) : (
        <Rows
          list={list.key}
          label="Results"
          columns={columns}
          total={list.total}
          row={list.row}
          id={(r) => r.id!}
          range={list.look}
          open={(r) => void go(`${base}/results/${r.id}`)}
        />
      )}
    </>
  );
}
