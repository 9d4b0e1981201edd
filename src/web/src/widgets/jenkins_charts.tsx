import { useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import { address, filtersOf, held, resultsOf } from '../lib/ask';
import type { Filter } from '../lib/filter';
import { count, duration, short } from '../lib/format';
import {
  drawnStates,
  everyNth,
  fromBuilds,
  oldestFirst,
  stacks,
  ticks,
  timeTicks,
  type Build,
  type ByState,
  type Durations,
  type Stack,
} from '../lib/marks';
import { Icon } from '../parts/outcome';
import { numbers, type Context, type Kind } from './kind';
import { useNewest } from './size';

type Data = (ByState & Durations) | { jobs: Build[] };

const read = (d: Data): ByState & Durations => ('jobs' in d ? fromBuilds(d.jobs) : d);
const ofBuild = (at: Context, build: string): Filter[] => [
  { field: 'metadata.jenkins.job_name', operator: 'eq', value: String(at.params['job_name'] ?? '') },
  { field: 'metadata.jenkins.build_number', operator: 'eq', value: build },
  ...filtersOf(at.params),
  ...held({ ...at.vars, days: '' }, at.now),
];
/** nameOf is what fits below a mark of the name of a build, which people choose. */
const nameOf = (build: string): string => short(build, 14);
const widest = (names: string[]): number => 8 + 7.5 * Math.max(...names.map((n) => nameOf(n).length));
/** The least room of one build, in pixels: with many of them a drawing is wider than its widget. */
const least = 5;

const foot = 18;
const builds = (d: Data): Stack[] => stacks(read(d)).sort((a, b) => oldestFirst(a.name, b.name));
const says = (s: Stack): string =>
  `Build ${s.name}: ${
    drawnStates
      .filter((k) => s.counts[k])
      .map((k) => `${count(s.counts[k])} ${k}`)
      .join(', ') || 'no tests'
  }`;

interface AxisProps {
  values: number[];
  y: (n: number) => number;
  word: (n: number) => string;
  left: number;
  width: number;
  height: number;
}

/** Plot is a drawing with an axis that stays in sight when the drawing is wider than its widget. */
function Plot({
  values,
  y,
  word,
  left,
  width,
  height,
  label,
  builds,
  leave,
  children,
}: AxisProps & { label: string; builds: number; leave?: () => void; children: ReactNode }) {
  const drawing = useNewest<HTMLDivElement>(builds);
  return (
    <div className="plot" ref={drawing} style={{ width }}>
      <svg className="axis" width={left} height={height} aria-hidden="true">
        {values.map((v) => (
          <text key={v} x={left - 6} y={y(v) + 4} textAnchor="end" className="small">
            {word(v)}
          </text>
        ))}
      </svg>
      <svg
        width={width - left}
        height={height}
        viewBox={`${left} 0 ${width - left} ${height}`}
        role="group"
        aria-label={label}
        onPointerLeave={leave}
      >
        <g aria-hidden="true">
          {values.map((v) => (
            <line key={v} x1={left} x2={width} y1={y(v)} y2={y(v)} className="grid-line" />
          ))}
        </g>
        {children}
      </svg>
    </div>
  );
}

function Bars({ data, at }: { data: Data; at: Context }) {
  const all = builds(data);
  const key = drawnStates.filter((s) => all.some((b) => b.counts[s] > 0));
  const values = ticks(Math.max(...all.map((b) => b.total)));
  const left = 10 + 7.5 * Math.max(...values.map((v) => count(v).length));
  const [w, h] = [Math.max(at.width, left + least * all.length), Math.max(90, at.height - 26)];
  const y = (n: number) => h - foot - (n / values.at(-1)!) * (h - foot - 14);
  const each = (w - left) / all.length;
  const bar = Math.max(2, Math.min(46, each * 0.72));
  const middle = (i: number) => left + each * (i + 0.5);
  const below = (i: number, s: number) => drawnStates.slice(0, s).reduce((n, k) => n + all[i]!.counts[k], 0);
  const band = (s: number) =>
    `M${all.map((_, i) => `${middle(i)} ${y(below(i, s + 1))}`).join('L')}L${all
      .map((_, i) => `${middle(i)} ${y(below(i, s))}`)
      .reverse()
      .join('L')}Z`;
  const area = at.area && all.length > 1;
  const nth = everyNth(all.length, w - left, widest(all.map((b) => b.name)));
  return (
    <>
      <p className="key" aria-hidden="true">
        {key.map((s) => (
          <span key={s} className={`text-${s}`}>
            <Icon state={s} /> <span className="word">{s}</span>
          </span>
        ))}
      </p>
      <Plot
        values={values}
        y={y}
        word={count}
        left={left}
        width={w}
        height={h}
        label={`Results of ${all.length} builds`}
        builds={all.length}
      >
        {area &&
          drawnStates.map(
            (s, k) => key.includes(s) && <path key={s} d={band(k)} className={`area-${s}`} aria-hidden="true" />,
          )}
        {all.map((b, i) => {
          const x = middle(i);
          const bad = b.counts.failed + b.counts.error;
          let at0 = 0;
          return (
            <g key={b.name}>
              <Link to={resultsOf(at.base, ofBuild(at, b.name))} aria-label={says(b)}>
                <title>{says(b)}</title>
                <rect x={x - each / 2} y={0} width={each} height={h - foot} fill="transparent" />
                {!area &&
                  drawnStates.map((s) => {
                    const n = b.counts[s];
                    if (!n) return null;
                    const [low, high] = [y(at0), y((at0 += n))];
                    return (
                      <rect
                        key={s}
                        x={x - bar / 2}
                        y={high}
                        width={bar}
                        height={Math.max(1, low - high - (low - high > 3 ? 1 : 0))}
                        className={`area-${s}`}
                      />
                    );
                  })}
              </Link>
              {bad > 0 && each > 18 && (
                <text x={x} y={y(b.total) - 4} textAnchor="middle" className="small text-failed" aria-hidden="true">
                  {count(bad)}
                </text>
              )}
              {(all.length - 1 - i) % nth === 0 && (
                <text x={x} y={h - 3} textAnchor="middle" className="small" aria-hidden="true">
                  {nameOf(b.name)}
                </text>
              )}
            </g>
          );
        })}
      </Plot>
    </>
  );
}

interface Serie {
  name: string;
  style: string;
  points: [string, number][];
}

function series(data: Data): Serie[] {
  const d = read(data);
  const of = (o: Record<string, number> | undefined) =>
    Object.entries(o ?? {})
      .map(([b, hours]): [string, number] => [b, hours * 3600])
      .sort((a, b) => oldestFirst(a[0], b[0]));
  const long = of(d.duration);
  const worked = of(d.total_execution_time);
  // Where a build is one run after another, the two are the same line.
  const differ = worked.some(([b, s]) => s !== (d.duration?.[b] ?? 0) * 3600);
  return [
    { name: 'start to end', style: 'one', points: long },
    ...(differ ? [{ name: 'sum of its runs', style: 'two', points: worked }] : []),
  ].filter((s) => s.points.length);
}

function Lines({ data, at }: { data: Data; at: Context }) {
  const all = series(data);
  const [over, setOver] = useState(-1);
  const names = all[0]!.points.map(([b]) => b);
  const values = timeTicks(Math.max(...all.flatMap((s) => s.points.map(([, n]) => n))));
  const left = 10 + 7 * Math.max(...values.map((v) => duration(v).length));
  const right = 14;
  const [w, h] = [Math.max(at.width, left + right + least * names.length), Math.max(90, at.height - 26)];
  const y = (n: number) => h - foot - (n / values.at(-1)!) * (h - foot - 10);
  const each = names.length > 1 ? (w - left - right) / (names.length - 1) : 0;
  const x = (i: number) =>
    names.length > 1 ? left + 4 + i * ((w - left - right - 4) / (names.length - 1)) : (left + w) / 2;
  const nth = everyNth(names.length, w - left - right, widest(names));
  const shown = over >= 0 ? over : names.length - 1;
  return (
    <>
      <p className="key">
        <span className="quiet" title={names[shown]}>
          Build {nameOf(names[shown]!)}
        </span>
        {all.map((s) => (
          <span key={s.name}>
            <svg width="18" height="8" aria-hidden="true">
              <line x1="0" x2="18" y1="4" y2="4" className={`line-${s.style}`} />
            </svg>{' '}
            {s.name} <b>{duration(s.points[shown]?.[1])}</b>
          </span>
        ))}
      </p>
      <Plot
        values={values}
        y={y}
        word={duration}
        left={left}
        width={w}
        height={h}
        label={`Duration of ${names.length} builds`}
        builds={names.length}
        leave={() => setOver(-1)}
      >
        {over >= 0 && <line x1={x(over)} x2={x(over)} y1={0} y2={h - foot} className="cross" />}
        {all.map((s) => (
          <g key={s.name} aria-hidden="true">
            {s.style === 'one' && (
              <path
                d={`M${s.points.map(([, n], i) => `${x(i)} ${y(n)}`).join('L')}L${x(s.points.length - 1)} ${y(0)}L${x(0)} ${y(0)}Z`}
                className="under"
              />
            )}
            <path
              d={`M${s.points.map(([, n], i) => `${x(i)} ${y(n)}`).join('L')}`}
              className={`line-${s.style}`}
              fill="none"
            />
            {s.points.map(
              ([b, n], i) =>
                (each > 14 || i === shown) && (
                  <circle key={b} cx={x(i)} cy={y(n)} r={i === shown ? 4 : 2.5} className={`dot-${s.style}`} />
                ),
            )}
          </g>
        ))}
        {names.map((b, i) => (
          <g key={b}>
            <Link
              to={address(`${at.base}/runs`, ofBuild(at, b))}
              aria-label={`Build ${b}: ${all.map((s) => `${s.name} ${duration(s.points[i]?.[1])}`).join(', ')}`}
              onPointerEnter={() => setOver(i)}
              onFocus={() => setOver(i)}
              onBlur={() => setOver(-1)}
            >
              <rect
                x={x(i) - Math.max(each, 16) / 2}
                y={0}
                width={Math.max(each, 16)}
                height={h - foot}
                fill="transparent"
              />
            </Link>
            {(names.length - 1 - i) % nth === 0 && (
              <text
                x={x(i)}
                y={h - 3}
                textAnchor={
                  names.length === 1 ? 'middle' : i === 0 ? 'start' : i === names.length - 1 ? 'end' : 'middle'
                }
                dx={names.length === 1 ? 0 : i === 0 ? -8 : i === names.length - 1 ? 10 : 0}
                className="small"
                aria-hidden="true"
              >
                {nameOf(b)}
              </text>
            )}
          </g>
        ))}
      </Plot>
    </>
  );
}

const common = {
  size: { w: 6, h: 4 },
  least: { w: 3, h: 3 },
  filters: null,
  controls: [{ name: 'builds', label: 'Builds', options: numbers(5, 10, 30, 70, 150) }],
  hint: 'No build of this job is known. Is its name right? A run belongs to a job by metadata.jenkins.job_name and build_number.',
  list: (at: Context) =>
    address(`${at.base}/runs`, [
      { field: 'metadata.jenkins.job_name', operator: 'eq', value: String(at.params['job_name'] ?? '') },
      ...filtersOf(at.params),
      ...held(at.vars, at.now),
    ]),
};

export const jenkinsBarChart: Kind<Data> = {
  ...common,
  Draw: Bars,
  empty: (d) => builds(d).length === 0,
  table: (d) => ({
    columns: ['Build', ...drawnStates.toReversed(), 'total'],
    rows: builds(d).map((b) => [b.name, ...drawnStates.toReversed().map((s) => b.counts[s]), b.total]),
  }),
};

export const jenkinsLineChart: Kind<Data> = {
  ...common,
  Draw: Lines,
  empty: (d) => series(d).length === 0,
  table: (d) => {
    const all = series(d);
    return {
      columns: ['Build', ...all.map((s) => s.name)],
      rows: (all[0]?.points ?? []).map(([b], i) => [b, ...all.map((s) => duration(s.points[i]?.[1]))]),
    };
  },
};
