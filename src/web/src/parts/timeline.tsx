import { useMemo } from 'react';
import { useNavigate } from 'react-router';
import type { Result } from '../lib/api';
import { count, duration, exact, testName } from '../lib/format';
import { slowest, timeline, type Mark } from '../lib/timeline';
import { Outcome } from './outcome';
import { TestName } from './lists';
import { Empty } from './states';

const titleOf = (m: Mark): string =>
  m.count > 1
    ? `${m.count} short tests, ${m.state}`
    : `${testName(m.first.test_id ?? '').name} · ${m.state} · ${duration(m.first.duration)}`;

/** Timeline shows what ran when, by worker, and then what took longest. */
export function Timeline({ results, base }: { results: Result[]; base: string }) {
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
        {count(results.length)} tests in {duration((end - begin) / 1000)}
        {workers > 1 && `, on ${workers} workers`}, from {exact(new Date(begin).toISOString())}
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
