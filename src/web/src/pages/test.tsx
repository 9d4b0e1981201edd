import { useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router';
import { useProject } from '../frame';
import { count, duration, testName } from '../lib/format';
import { insight } from '../lib/insight';
import { Outcome, Spark, Strip } from '../parts/outcome';
import { Copy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import { Occurrences, useHistory } from './result';

export function TestPage() {
  const { project, base } = useProject();
  const [params] = useSearchParams();
  const test = params.get('q') ?? '';
  const name = testName(test);
  useTitle(name.name || 'Test');
  const { data, error, refetch } = useHistory(project, test);
  const told = useQuery({
    queryKey: ['test', project, test],
    queryFn: ({ signal }) => insight.test(project, test, signal),
    enabled: !!test,
  });
  if (!test)
    return <Empty title="No test chosen" actions={<Link to={`${base}/results`}>Find one among the results</Link>} />;
  if (error) return <Failed error={error} what="The history" retry={() => void refetch()} />;
  if (!data) return <Lines />;
  const past = data.results;
  if (past.length === 0)
    return <Empty title="No results of this test" actions={<Link to={`${base}/results`}>All results</Link>} />;
  if (told.error) return <Failed error={told.error} what="The history" retry={() => void told.refetch()} />;
  if (!told.data) return <Lines />;
  const { streak, usual, flakiness, places, groups } = told.data;
  const failed = places.reduce((n, p) => n + p.failing, 0);
  return (
    <div>
      {name.path && <p className="quiet crumb">{name.path}</p>}
      <div className="heading">
        <h1>
          {name.name}
          {name.params && <span className="params">[{name.params}]</span>}
        </h1>
        <Copy text={test} label="Copy the test’s name" />
      </div>
      <Strip results={[...past].reverse()} to={(r) => `${base}/results/${r.id}`} />
      <dl className="figures">
        <div>
          <dt>Failed</dt>
          <dd>
            {failed} of {told.data.outcomes.length}
          </dd>
        </div>
        <div>
          <dt>Turns between pass and fail</dt>
          <dd>
            {flakiness == null ? '–' : `${Math.round(100 * flakiness)} %`}
            {flakiness != null && flakiness >= 0.1 && failed > 1 && flakiness * told.data.outcomes.length >= 2
              ? ' (flaky)'
              : ''}
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
            {streak.length > 1 && <span className="quiet"> {count(streak.length)} times</span>}
          </dd>
        </div>
        <div>
          <dt>Usual duration</dt>
          <dd>
            {usual
              ? usual.low === usual.high
                ? duration(usual.median)
                : `${duration(usual.low)} to ${duration(usual.high)}`
              : '–'}{' '}
            <Spark label="Duration over time" values={past.map((r) => r.duration ?? 0).reverse()} />
          </dd>
        </div>
      </dl>
      {groups.length > 0 && (
        <>
          <h2 className="section">What went wrong</h2>
          <ul className="plain-list">
            {groups.map((g) => (
              <li key={g.fingerprint} className="line-item">
                <strong>{count(g.count)} ×</strong> {g.exception} <code>{g.message}</code>
              </li>
            ))}
          </ul>
        </>
      )}
      {places.length > 1 && (
        <>
          <h2 className="section">By environment and component</h2>
          <ul className="plain-list">
            {places.map((p) => (
              <li key={`${p.env} ${p.component}`} className="line-item">
                <Outcome state={p.newest ?? undefined} />{' '}
                {[p.component, p.env].filter(Boolean).join(' · ') || 'neither'}{' '}
                <span className="quiet">
                  {p.failing} of {p.outcomes} failed
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      <h2 className="section">The newest {past.length} results</h2>
      <Occurrences rows={past} base={base} />
    </div>
  );
}
