import { useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router';
import { useProject } from '../frame';
import { count, duration, testName } from '../lib/format';
import { insight, type History } from '../lib/insight';
import { MetadataDifference } from '../parts/difference';
import { Durations } from '../parts/durations';
import { Past, useResult } from '../parts/failure';
import { Outcome } from '../parts/outcome';
import { Copy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import { Table } from '../parts/table';
import { useRun } from './result';
import './test.css';

const shares = (n: number | null | undefined) => (n == null ? '–' : `${Math.round(100 * n)} %`);

export function TestPage() {
  const { project, base } = useProject();
  const [params, setParams] = useSearchParams();
  const test = params.get('q') ?? '';
  const [env, component] = [params.get('env') ?? '', params.get('component') ?? ''];
  const name = testName(test);
  useTitle(name.name || 'Test');
  const told = useQuery({
    queryKey: ['test', project, test, env, component, 'long'],
    queryFn: ({ signal }) => insight.test(project, test, signal, { env, component, last: 200 }),
    enabled: !!test,
  });
  const all = <Link to={`${base}/tests`}>All tests</Link>;
  if (!test) return <Empty title="No test chosen" actions={all} />;
  if (told.error) return <Failed error={told.error} what="The history" retry={() => void told.refetch()} />;
  if (!told.data) return <Lines />;
  if (told.data.outcomes.length === 0)
    return (
      <Empty title="No results of this test" actions={all}>
        {(env || component) && 'None in this environment and component.'}
      </Empty>
    );
  const { streak, usual, flakiness, places, groups, outcomes } = told.data;
  const failed = places.reduce((n, p) => n + p.failing, 0);
  const flaky = flakiness != null && flakiness >= 0.1 && flakiness * outcomes.length >= 2;
  return (
    <div>
      {name.path && <p className="quiet crumb">{name.path}</p>}
      <div className="heading">
        <h1>
          {name.name}
          {name.params && <span className="params">[{name.params}]</span>}
        </h1>
        <Copy text={test} label="Copy the test’s name" />
        <span className="spring" />
        <Link to={`${base}/results?test_id=${encodeURIComponent(test)}`}>All its results</Link>
      </div>
      {(env || component) && (
        <p className="facts">
          <span className="quiet">Only {[component, env].filter(Boolean).join(' · ')}</span>
          <button type="button" className="value" onClick={() => setParams({ q: test })}>
            Show everywhere
          </button>
        </p>
      )}
      <Past past={told.data} />
      <dl className="figures">
        <div>
          <dt>Failed</dt>
          <dd>
            {count(failed)} of {count(outcomes.length)}
          </dd>
        </div>
        <div>
          <dt>Turns between pass and fail</dt>
          <dd>
            {shares(flakiness)} {flaky && <span className="text-error">flaky</span>}
          </dd>
        </div>
        <div>
          <dt>{streak.failing ? 'Failing since' : 'Good since'}</dt>
          <dd>
            {streak.first ? (
              <Link to={`${base}/results/${streak.first.id}`}>
                <Time at={streak.first.start_time} />
              </Link>
            ) : (
              '–'
            )}
          </dd>
        </div>
        <div>
          <dt>Usual duration</dt>
          <dd>{usual ? duration(usual.median) : '–'}</dd>
        </div>
      </dl>
      {streak.failing && streak.first && <Began streak={streak} base={base} />}
      <h2 className="section">Duration</h2>
      <Durations past={told.data} base={base} />
      {groups.length > 0 && (
        <>
          <h2 className="section">What went wrong</h2>
          <ul className="plain-list">
            {groups.map((g) => (
              <li key={g.fingerprint} className="line-item">
                <strong>{count(g.count)} ×</strong>{' '}
                <Link to={`${base}/results?metadata.exception_name=${encodeURIComponent(g.exception)}`}>
                  {g.exception}
                </Link>{' '}
                <code className="clip">{g.message}</code>
              </li>
            ))}
          </ul>
        </>
      )}
      {places.length > 1 && <Places places={places} choose={(p) => setParams({ q: test, ...p })} />}
    </div>
  );
}

/** Began tells what was otherwise when the present streak of failures began. */
function Began({ streak, base }: { streak: History['streak']; base: string }) {
  const [first, before] = [useResult(streak.first!.id), useResult(streak.before?.id ?? '')];
  const [run, runBefore] = [useRun(first.data?.run_id), useRun(before.data?.run_id)];
  if (!streak.before)
    return <p className="quiet">It has never passed, so there is nothing to compare its first failure with.</p>;
  if (!first.data || !before.data) return null;
  return (
    <section>
      <h2 className="section">
        What changed when it began to fail{' '}
        <Link className="section-link" to={`${base}/results/${streak.first!.id}?with=${streak.before.id}#difference`}>
          tracebacks and all
        </Link>
      </h2>
      {run.data && runBefore.data && <MetadataDifference before={runBefore.data} after={run.data} label="the run" />}
    </section>
  );
}

function Places({ places, choose }: { places: History['places']; choose: (place: Record<string, string>) => void }) {
  return (
    <>
      <h2 className="section">By component and environment</h2>
      <Table
        name="By component and environment"
        rows={places}
        id={(p) => `${p.env}\n${p.component}`}
        columns={[
          [
            'Where',
            (p) => (
              <button
                type="button"
                className="value"
                disabled={!p.env && !p.component}
                onClick={() => choose({ ...(p.env && { env: p.env }), ...(p.component && { component: p.component }) })}
              >
                {[p.component, p.env].filter(Boolean).join(' · ') || 'neither'}
              </button>
            ),
          ],
          ['Newest', (p) => <Outcome state={p.newest ?? undefined} />],
          ['Failed', (p) => `${count(p.failing)} of ${count(p.outcomes)}`],
          ['Turns', (p) => shares(p.flakiness)],
        ]}
      />
    </>
  );
}
