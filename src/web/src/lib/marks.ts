import type { Params } from './ask';

/** What charts draw, taken from what the server answers. */

export const drawnStates = ['failed', 'error', 'skipped', 'xfailed', 'xpassed', 'passed'] as const;
export type DrawnState = (typeof drawnStates)[number];
export type ByState = Partial<Record<DrawnState, Record<string, number>>>;

export interface Stack {
  name: string;
  counts: Record<DrawnState, number>;
  total: number;
}

/** stacks turns state → name → number into one stack for each name, in the server's order. */
export function stacks(data: ByState): Stack[] {
  const names = [...new Set(drawnStates.toReversed().flatMap((s) => Object.keys(data[s] ?? {})))];
  return names.map((name) => {
    const counts = Object.fromEntries(drawnStates.map((s) => [s, Math.max(0, Number(data[s]?.[name] ?? 0))])) as Record<
      DrawnState,
      number
    >;
    return { name, counts, total: drawnStates.reduce((n, s) => n + counts[s], 0) };
  });
}

/** oldestFirst sorts builds by number; JSON objects with numbers as keys have lost the server's order. */
export const oldestFirst = (a: string, b: string): number => Number(a) - Number(b) || a.localeCompare(b);

export interface Cell {
  /** Of all its runs together; null where the group did not run. */
  percent: number | null;
  /** The newest run, and what came of it alone. */
  run: string;
  newest: number | null;
  /** How many runs of one build these are. */
  runs: number;
  build: string;
  notes: { name: string; value: string }[];
}
export interface HeatRow {
  /** What the server calls the group; null for the runs that have no such field. */
  value: string | null;
  name: string;
  cells: Cell[];
  trend: Trend;
}
export type Trend = 'rising' | 'falling' | 'steady' | null;

/** trendOf says where values go, oldest first: the line through them rises or falls by at least a point over all of them. */
export function trendOf(values: number[]): Trend {
  const n = values.length;
  if (n < 2) return null;
  const mean = values.reduce((s, v) => s + v, 0) / n;
  let up = 0;
  let across = 0;
  values.forEach((v, i) => {
    const d = i - (n - 1) / 2;
    up += d * (v - mean);
    across += d * d;
  });
  const change = (up / across) * (n - 1);
  return change >= 1 ? 'rising' : change <= -1 ? 'falling' : 'steady';
}

type Raw = [number | string, string | number, unknown?, string?, { runs: number; rate: number }?];

export function heatRows(data: { heatmap?: Record<string, Raw[]> }): HeatRow[] {
  return Object.entries(data.heatmap ?? {})
    .map(([name, [, ...raw]]) => {
      const cells = raw.map(([rate, run, notes, build, together]): Cell => {
        const newest = typeof rate === 'number' ? rate : null;
        return {
          percent: newest === null ? null : (together?.rate ?? newest),
          run: newest === null ? '' : String(run),
          newest,
          runs: together?.runs ?? (newest === null ? 0 : 1),
          build: String(build ?? ''),
          notes: Array.isArray(notes)
            ? notes.filter((n): n is { name: string; value: string } => !!n && typeof n === 'object' && 'name' in n)
            : [],
        };
      });
      return {
        value: name === 'null' ? null : name,
        name: name === 'null' ? 'none' : name,
        cells,
        trend: trendOf(cells.flatMap((c) => (c.percent == null ? [] : [c.percent]))),
      };
    })
    .sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}

/** worstFirst sorts rows by how their newest cell looks; a row whose newest cell is empty has nothing to say and comes last. */
export function worstFirst(rows: HeatRow[]): HeatRow[] {
  const last = (r: HeatRow) => r.cells.at(-1)?.percent ?? 101;
  return rows.toSorted((a, b) => last(a) - last(b));
}

/** heat is how well a share of passed tests looks: above 85, from 50, below. */
export const heat = (percent: number | null): 'none' | 'full' | 'good' | 'fair' | 'poor' =>
  percent == null ? 'none' : percent >= 100 ? 'full' : percent > 85 ? 'good' : percent >= 50 ? 'fair' : 'poor';

/** percent never rounds what is not whole to 100, nor what is there to 0. */
export const percent = (n: number): string =>
  n > 99 && n < 100 ? '99' : n > 0 && n < 1 ? '<1' : String(Math.round(n));

/** ticks are round numbers from 0 to at least the top, few of them. */
export function ticks(top: number, few = 3): number[] {
  if (!(top > 0)) return [0, 1];
  const raw = top / few;
  const ten = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * ten).find((s) => s >= raw)!;
  return Array.from({ length: Math.ceil(top / step - 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** timeTicks are the same for seconds, at whole seconds, minutes or hours. */
export function timeTicks(top: number, few = 3): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
  const step = steps.find((s) => s >= top / few);
  if (top < 2 || !step) return ticks(top, few);
  return Array.from({ length: Math.ceil(top / step - 1e-9) + 1 }, (_, i) => i * step);
}

/** everyNth is how many labels of a width to leave out so that the others fit. */
export const everyNth = (n: number, room: number, label: number): number =>
  Math.max(1, Math.ceil((n * label) / Math.max(room, 1)));

/** A build of a job, as the list of builds has it. */
export interface Build {
  job_name: string;
  build_number: string;
  build_url: string | null;
  env: string | null;
  source: string | null;
  start_time: string | null;
  duration: number | null;
  total_execution_time: number | null;
  summary: Record<string, number>;
}

/** fromBuilds gives of a list of builds what the charts' own widgets answer. */
export function fromBuilds(jobs: Build[]): ByState & Durations {
  const of = (f: (b: Build) => number) => Object.fromEntries(jobs.map((b) => [b.build_number, f(b)]));
  return {
    passed: of((b) => b.summary['passes'] ?? 0),
    failed: of((b) => b.summary['failures'] ?? 0),
    error: of((b) => b.summary['errors'] ?? 0),
    skipped: of((b) => b.summary['skips'] ?? 0),
    xfailed: of((b) => b.summary['xfailures'] ?? 0),
    xpassed: of((b) => b.summary['xpasses'] ?? 0),
    duration: of((b) => (b.duration ?? 0) / 3600),
    total_execution_time: of((b) => (b.total_execution_time ?? 0) / 3600),
  };
}

export interface Durations {
  duration?: Record<string, number>;
  total_execution_time?: Record<string, number>;
}

/** wordOf is a field as a person would say it. */
export function wordOf(field: unknown): string {
  const known: Record<string, string> = {
    'metadata.jenkins.job_name': 'job',
    'metadata.jenkins.build_number': 'build',
    'metadata.exception_name': 'exception',
    'metadata.classification': 'class',
    env: 'environment',
    test_id: 'test',
  };
  const name = String(field ?? '');
  return known[name] ?? known[name.replace(/^data\./, 'metadata.')] ?? name.split('.').at(-1)!.replaceAll('_', ' ');
}

export const numberOf = (params: Params, name: string, otherwise: number): number => {
  const n = Number(params[name]);
  return params[name] !== '' && params[name] != null && Number.isFinite(n) ? n : otherwise;
};
