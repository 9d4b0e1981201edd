import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useNavigate } from 'react-router';
import { useProject } from '../frame';
import { api, type List, type Result } from '../lib/api';
import { count, duration, exact, testName } from '../lib/format';
import { slowest, timeline, type Mark } from '../lib/timeline';
import { Outcome } from './outcome';
import { TestName } from './lists';
import { Busy, Empty, Failed, Lines } from './states';

const titleOf = (m: Mark): string =>
  m.count > 1
    ? `${m.count} short tests, ${m.state}`
    : `${testName(m.first.test_id ?? '').name} · ${m.state} · ${duration(m.first.duration)}`;

/** How many results of those that took longest are drawn; the failures of a page more, however short. */
const longest = 1000;
const size = 500;

/** RunTimeline fetches of a run what can be seen in a timeline. */
export function RunTimeline({ run, tests }: { run: string; tests: number }) {
  const { project, base } = useProject();
  const page = (filter: string[], n: number, signal: AbortSignal) =>
    api.get<List<'results', Result>>(
      '/result',
      {
        filter: [`run_id=${run}`, `project_id=${project}`, ...filter],
        orderBy: '-duration',
        page: n,
        pageSize: size,
        estimate: true,
      },
      signal,
    );
  const found = useQuery({
    queryKey: ['results', 'timeline', run, tests],
    queryFn: async ({ signal }) => {
      const pages = Array.from({ length: Math.ceil(Math.min(tests, longest) / size) }, (_, n) => n + 1);
      const answers = await Promise.all([
        ...pages.map((n) => page([], n, signal)),
        ...(tests > longest ? [page(['result*failed;error'], 1, signal)] : []),
      ]);
      const results = answers.flatMap((a) => a.results);
      return [...new Map(results.map((r) => [r.id, r])).values()];
    },
    placeholderData: (old) => old,
    staleTime: 60000,
  });
  if (found.error) return <Failed error={found.error} what="Results" retry={() => void found.refetch()} />;
  if (!found.data) return <Lines />;
  return (
    <>
      <Busy on={found.isFetching} />
      <Timeline results={found.data} total={tests} base={base} />
    </>
  );
}

/** Timeline shows what ran when, by worker, and then what took longest. */
function Timeline({ results, total, base }: { results: Result[]; total: number; base: string }) {
  const go = useNavigate();
  const { lanes, begin, end } = useMemo(() => timeline(results), [results]);
  const slow = useMemo(() => slowest(results, 25), [results]);
  if (lanes.length === 0)
    return <Empty title="Nothing ran yet">When and where each test ran shows up here once there are results.</Empty>;
  const longest = slow[0]?.duration || 1;
  const workers = lanes.filter((l) => l.name).length;
  return (
    <>
      <p className="quiet">
        {count(total)} tests in {duration((end - begin) / 1000)}
        {workers > 1 && `, on ${workers} workers`}, from {exact(new Date(begin).toISOString())}
        {results.length < total &&
          `. Shown are the ${count(results.length)} that took longest or failed; ${count(total - results.length)} shorter ones are left out.`}
      </p>
      <div className="timeline">
        {lanes.slice(0, 100).map((lane, n) => (
          <div key={n} className="lane">
            <span className="clip quiet">{lane.name || (lanes.length > 1 ? `lane ${n + 1}` : 'all')}</span>
            <svg
              viewBox="0 0 1000 20"
              preserveAspectRatio="none"
              role="img"
              aria-label={`${lane.marks.reduce((s, m) => s + m.count, 0)} tests, busy for ${duration(lane.busy)}`}
            >
              {lane.marks.map((m, i) => (
                <rect
                  key={i}
                  x={m.from}
                  y={m.state === 'failed' || m.state === 'error' ? 0 : 4}
                  width={Math.max(1, m.to - m.from - 0.6)}
                  height={m.state === 'failed' || m.state === 'error' ? 20 : 12}
                  className={`state-${m.state}`}
                  fill="currentColor"
                  onClick={() => void go(`${base}/results/${m.first.id}`)}
                >
                  <title>{titleOf(m)}</title>
                </rect>
              ))}
            </svg>
            <span className="quiet">{duration(lane.busy)}</span>
          </div>
        ))}
      </div>
      <h2 className="section">What took longest</h2>
      <ol className="plain-list slowest">
        {slow.map((r) => (
          <li key={r.id}>
            <span className="took">
              <span style={{ width: `${(100 * (r.duration ?? 0)) / longest}%` }} />
            </span>
            <span>{duration(r.duration)}</span>
            <Outcome state={r.result} />
            <TestName id={r.test_id ?? r.id!} to={`${base}/results/${r.id}`} />
          </li>
        ))}
      </ol>
    </>
  );
}
