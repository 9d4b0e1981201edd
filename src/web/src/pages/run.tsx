import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Link, useParams } from 'react-router';
import { useProject } from '../frame';
import { APIError, type Run } from '../lib/api';
import { asked } from '../lib/asked';
import { compareAddress } from '../lib/compare';
import { count, duration } from '../lib/format';
import type { Comparison } from '../lib/insight';
import type { Ask } from '../lib/page';
import { countsOf, failedIn, meta, passRate, titleOf } from '../lib/runs';
import { Artifacts } from '../parts/artifacts';
import { Groups } from '../parts/groups';
import { Metadata } from '../parts/metadata';
import { Bar, Outcome } from '../parts/outcome';
import { ResultList } from '../parts/resultlist';
import { RunActions } from '../parts/run_actions';
import { RunTree } from '../parts/runtree';
import { Copy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import { Tabs, useTab } from '../parts/tabs';
import { Text } from '../parts/text';
import { RunTimeline } from '../parts/timeline';
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
    ...asked.run(id),
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
  const changes = useQuery({ ...asked.changes(project, id, tests), enabled: !!r });
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
  const failed = failedIn(counts);
  const build = meta(r, 'jenkins.build_url') || meta(r, 'ci_url') || meta(r, 'build_url');
  return (
    <div className={tab === 'results-list' || tab === 'results-tree' ? 'full run' : 'run'}>
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
      ) : tab === 'results-list' ? (
        <ResultList run={id} title="results of the run" />
      ) : tab === 'timeline' ? (
        <RunTimeline run={id} tests={counts.total} />
      ) : (
        <RunTree run={id} tests={counts.total} />
      )}
    </div>
  );
}

/** The tab that is open first shows the failures, of which the run says how many there are. */
RunPage.ask = (async (client, { project, id }) => {
  const counts = countsOf(await client.fetchQuery(asked.run(id)));
  if (location.hash) return;
  await Promise.all([
    client.prefetchQuery(asked.failures(project, id, failedIn(counts))),
    client.prefetchQuery(asked.changes(project, id, counts.total)),
  ]);
}) satisfies Ask;

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

/** Environment is where the run ran, each value a click from the runs that share it. */
function Environment({ run, base }: { run: Run; base: string }) {
  return (
    <Metadata row={run} to={`${base}/runs`} more={{ component: run.component, env: run.env, source: run.source }} />
  );
}
