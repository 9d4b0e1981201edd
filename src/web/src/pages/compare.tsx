import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link, useSearchParams } from 'react-router';
import { useProject } from '../frame';
import { allResults, api, type Run } from '../lib/api';
import { compare, type Change } from '../lib/compare';
import { duration } from '../lib/format';
import { titleOf } from '../lib/runs';
import { Outcome } from '../parts/outcome';
import { TestName } from '../parts/lists';
import { Empty, Failed, Lines, Time, useTitle } from '../parts/states';

const order: Change[] = ['newly failing', 'fixed', 'still failing', 'slower', 'new', 'gone'];

export function Compare() {
  useTitle('Compare');
  const { project, base } = useProject();
  const [params] = useSearchParams();
  const [a, b] = [params.get('a'), params.get('b')];
  const side = (id: string | null) => ({
    queryKey: ['results', 'compare', id],
    enabled: !!id,
    staleTime: 60000,
    queryFn: ({ signal }: { signal: AbortSignal }) => allResults([`run_id=${id}`, `project_id=${project}`], signal),
  });
  const head = (id: string | null) => ({
    queryKey: ['run', id],
    enabled: !!id,
    queryFn: ({ signal }: { signal: AbortSignal }) => api.get<Run>(`/run/${id}`, {}, signal),
  });
  const [runA, runB, before, after] = [useQuery(head(a)), useQuery(head(b)), useQuery(side(a)), useQuery(side(b))];
  const pairs = useMemo(
    () => (before.data && after.data ? compare(before.data, after.data) : null),
    [before.data, after.data],
  );
  if (!a || !b)
    return (
      <>
        <h1>Compare</h1>
        <Empty title="Choose two runs" actions={<Link to={`${base}/runs`}>Runs</Link>}>
          Select two in the list of runs, or open a run and compare it with the previous one.
        </Empty>
      </>
    );
  const error = runA.error ?? runB.error ?? before.error ?? after.error;
  if (error)
    return (
      <Failed
        error={error}
        what="The comparison"
        retry={() => [runA, runB, before, after].forEach((q) => void q.refetch())}
      />
    );
  return (
    <div>
      <h1>Compare</h1>
      <p className="facts">
        {runA.data && (
          <Link to={`${base}/runs/${a}`}>
            {titleOf(runA.data)} (<Time at={runA.data.start_time} />)
          </Link>
        )}
        <span aria-hidden="true">→</span>
        {runB.data && (
          <Link to={`${base}/runs/${b}`}>
            {titleOf(runB.data)} (<Time at={runB.data.start_time} />)
          </Link>
        )}
        <Link to={`${base}/compare?a=${b}&b=${a}`}>Swap</Link>
      </p>
      {!pairs ? (
        <Lines />
      ) : pairs.every((p) => !p.change) ? (
        <Empty title="Nothing changed">All {pairs.length} tests ended as before.</Empty>
      ) : (
        order.map((change) => {
          const some = pairs.filter((p) => p.change === change);
          return (
            some.length > 0 && (
              <section key={change} className="panel group">
                <h2>
                  {change[0]!.toUpperCase() + change.slice(1)} <span className="quiet">{some.length}</span>
                </h2>
                <ul className="plain-list">
                  {some.slice(0, 200).map((p) => (
                    <li key={p.test} className="line-item">
                      {p.before && <Outcome state={p.before.result} />}
                      {p.before && p.after && <span aria-hidden="true">→</span>}
                      {p.after && <Outcome state={p.after.result} />}
                      <TestName id={p.test} to={`${base}/results/${(p.after ?? p.before)!.id}`} />
                      {change === 'slower' && (
                        <span className="quiet">
                          {duration(p.before?.duration)} → {duration(p.after?.duration)}
                        </span>
                      )}
                    </li>
                  ))}
                </ul>
              </section>
            )
          );
        })
      )}
    </div>
  );
}
