import type { Run } from './api';
import type { Series } from './insight';

export interface Counts {
  passed: number;
  failed: number;
  error: number;
  skipped: number;
  xfailed: number;
  xpassed: number;
  total: number;
}

export const states = ['passed', 'failed', 'error', 'skipped', 'xfailed', 'xpassed', 'manual'] as const;

/** countsOf reads the summary of a run, which may lack any counter. */
export function countsOf(run: Run): Counts {
  const s = run.summary ?? {};
  const n = (k: string) => Number(s[k] ?? 0) || 0;
  const c = {
    failed: n('failures'),
    error: n('errors'),
    skipped: n('skips'),
    xfailed: n('xfailures'),
    xpassed: n('xpasses'),
    total: n('tests'),
  };
  return { ...c, passed: Math.max(0, c.total - c.failed - c.error - c.skipped - c.xfailed - c.xpassed) };
}

export const failedIn = (c: Counts): number => c.failed + c.error;

export function passRate(c: Counts): number | null {
  const ran = c.total - c.skipped;
  return ran > 0 ? Math.floor((1000 * (c.passed + c.xfailed)) / ran) / 10 : null;
}

/** meta reads a value below a run's or a result's metadata. */
export function meta(row: { metadata?: Record<string, unknown> }, path: string): string {
  let value: unknown = row.metadata;
  for (const part of path.split('.'))
    value = value && typeof value === 'object' ? (value as Record<string, unknown>)[part] : undefined;
  return value == null || typeof value === 'object' ? '' : String(value);
}

/** buildOf is the job and the build that a run is of; '' for one of no job. */
export function buildOf(run: Run): string {
  const job = meta(run, 'jenkins.job_name');
  const build = meta(run, 'jenkins.build_number');
  return job && build ? `${job} #${build}` : job;
}

/** titleOf is what a person would call a run. */
export function titleOf(run: Run): string {
  const parts = [run.component, run.env, buildOf(run)].filter(Boolean);
  return parts.length ? parts.join(' · ') : run.source || `Run ${run.id?.slice(0, 8)}`;
}

/** lineOf says of which series of runs one is the newest. */
export const lineOf = (run: Run): string =>
  [run.component ?? '', run.env ?? '', meta(run, 'jenkins.job_name') || (run.source ?? '')].join('\n');

/** lines groups runs, newest first, into their series. */
export function lines(runs: Run[]): Run[][] {
  const found = new Map<string, Run[]>();
  for (const run of runs) {
    const key = lineOf(run);
    const line = found.get(key);
    if (line) line.push(run);
    else found.set(key, [run]);
  }
  return [...found.values()];
}

/** seriesTitle is what a person would call the newest run of a series. */
export function seriesTitle(s: Pick<Series, 'component' | 'env' | 'job' | 'build' | 'run'>): string {
  const parts = [s.component, s.env, s.job ? (s.build ? `${s.job} #${s.build}` : s.job) : ''].filter(Boolean);
  return parts.length ? parts.join(' · ') : `Run ${s.run.slice(0, 8)}`;
}
