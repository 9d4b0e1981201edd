import { useState } from 'react';
import { Link } from 'react-router';
import { count, duration, exact } from '../lib/format';
import type { Counts } from '../lib/runs';
import './failure.css';

// Each state has a shape of its own, for those who cannot tell the colours apart.
const shapes: Record<string, string> = {
  passed: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.6 5.2-4.2 4.9-3-2.9 1-1.1 1.9 1.8 3.2-3.7Z',
  failed:
    'M5 1h6l4 4v6l-4 4H5l-4-4V5Zm.9 3.6L4.6 5.9 6.7 8l-2.1 2.1 1.3 1.3L8 9.3l2.1 2.1 1.3-1.3L9.3 8l2.1-2.1-1.3-1.3L8 6.7Z',
  error: 'M8 1 15.5 14.5H.5ZM7.2 5.5v5h1.6v-5Zm0 6v1.6h1.6v-1.6Z',
  skipped: 'M2 3l5 5-5 5Zm6 0 5 5-5 5Z',
  xfailed: 'M8 .8 15.2 8 8 15.2.8 8Zm3.4 5.6-1-1-3.2 3.4-1.6-1.6-1 1 2.6 2.7Z',
  xpassed: 'M8 .8 15.2 8 8 15.2.8 8ZM5.8 4.9l-.9.9L7.1 8l-2.2 2.2.9.9L8 8.9l2.2 2.2.9-.9L8.9 8l2.2-2.2-.9-.9L8 7.1Z',
  manual: 'M3 1h1.6v14H3ZM5.4 2H14l-2 3.5L14 9H5.4Z',
};
const unknownShape = 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Zm0 1.6a4.4 4.4 0 1 1 0 8.8 4.4 4.4 0 0 1 0-8.8Z';

/** shapeOf is the outline of a state on a field of 16 by 16. */
export const shapeOf = (state: string | undefined): string => shapes[state ?? ''] ?? unknownShape;

export function Icon({ state }: { state: string | undefined }) {
  return (
    <svg
      className={`state-icon state-${state ?? 'unknown'}`}
      viewBox="0 0 16 16"
      width="14"
      height="14"
      aria-hidden="true"
    >
      <path fillRule="evenodd" fill="currentColor" d={shapeOf(state)} />
    </svg>
  );
}

export function Outcome({ state }: { state: string | undefined }) {
  return (
    <span className={`outcome text-${state ?? 'unknown'}`}>
      <Icon state={state} /> {state ?? 'unknown'}
    </span>
  );
}

const parts = ['passed', 'xfailed', 'skipped', 'xpassed', 'error', 'failed'] as const;

/** Bar shows how the tests of a run ended, each state by its share. */
export function Bar({ counts }: { counts: Counts }) {
  const label =
    parts
      .filter((p) => counts[p])
      .map((p) => `${counts[p]} ${p}`)
      .join(', ') || 'no results yet';
  return (
    <span className="bar" role="img" aria-label={label} title={label}>
      {parts.map((p) => counts[p] > 0 && <span key={p} className={`fill-${p}`} style={{ flexGrow: counts[p] }} />)}
    </span>
  );
}

/** Tally is the numbers of a run that are worth a look, each with its shape. */
export function Tally({ counts }: { counts: Counts }) {
  return (
    <span className="tally">
      {(['failed', 'error', 'skipped', 'xfailed', 'xpassed', 'passed'] as const)
        .filter((p) => counts[p] > 0)
        .map((p) => (
          <span key={p} className={`text-${p}`} title={`${count(counts[p])} ${p}`}>
            <Icon state={p} /> {count(counts[p])}
            <span className="sr"> {p}</span>
          </span>
        ))}
    </span>
  );
}

/** What a strip shows of a result. */
export interface Told {
  id?: string;
  result?: string | null;
  start_time?: string | null;
  duration?: number | null;
  env?: string | null;
  component?: string | null;
}

const told = (r: Told) =>
  [r.result ?? 'unknown', duration(r.duration), exact(r.start_time), r.component, r.env].filter(Boolean).join(' · ');

/** Strip shows the newest outcomes of a test, oldest left, and in a line below it the one that is pointed at. */
export function Strip<T extends Told>({
  results,
  to,
  current,
}: {
  results: T[];
  to: (r: T) => string;
  current?: string | undefined;
}) {
  const [pointed, point] = useState<T | null>(null);
  const shown = pointed ?? results.find((r) => r.id === current) ?? results.at(-1);
  return (
    <div className="strip-box" onPointerLeave={() => point(null)}>
      <div className="strip" role="list" aria-label="Outcomes, oldest first">
        {results.map((r) => (
          <span role="listitem" key={r.id} onPointerEnter={() => point(r)}>
            <Link
              to={to(r)}
              className={`fill-${r.result}${r.id === current ? ' current' : ''}`}
              aria-current={r.id === current ? 'true' : undefined}
              onFocus={() => point(r)}
              onBlur={() => point(null)}
            >
              <span className="sr">{told(r)}</span>
            </Link>
          </span>
        ))}
      </div>
      {shown && (
        <p className="quiet strip-told" aria-hidden="true">
          <Icon state={shown.result ?? undefined} /> {told(shown)}
        </p>
      )}
    </div>
  );
}

/** Spark is a small line of values, oldest left. Values that hardly differ say nothing, and are a band. */
export function Spark({ values, label }: { values: number[]; label: string }) {
  if (values.length < 2) return <span className="spark" />;
  const top = Math.max(...values, 1e-9);
  const even = Math.min(...values) > 0.97 * top || top <= 1e-9;
  const points = values.map((v, i) => `${(i / (values.length - 1)) * 78 + 1},${19 - (v / top) * 17}`).join(' ');
  return (
    <svg className="spark" viewBox="0 0 80 20" role="img" aria-label={label}>
      <title>{label}</title>
      {even ? (
        <rect x="1" y="8" width="78" height="4" rx="2" className="spark-even" />
      ) : (
        <>
          <polyline points={points} fill="none" stroke="currentColor" strokeWidth="1.5" />
          <circle cx="78" cy={19 - (values.at(-1)! / top) * 17} r="2" fill="currentColor" />
        </>
      )}
    </svg>
  );
}
