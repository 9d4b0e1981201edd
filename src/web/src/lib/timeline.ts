import type { Result } from './api';
import { failing } from './failures';
import { meta } from './runs';

/** One mark in a lane: a test, or several short ones that would not be seen alone. Places go from 0 to 1000. */
export interface Mark {
  from: number;
  to: number;
  state: string;
  first: Result;
  count: number;
}

export interface Lane {
  name: string;
  marks: Mark[];
  /** the seconds that tests took here */
  busy: number;
}

export interface Timeline {
  lanes: Lane[];
  begin: number; // milliseconds
  end: number;
}

/** workerOf says which worker of several ran a test, if the metadata tell. */
export const workerOf = (r: Result): string =>
  ['worker', 'worker_id', 'xdist_worker', 'node', 'jenkins.node'].map((name) => meta(r, name)).find(Boolean) ?? '';

const width = 1000;

/** timeline puts the tests of a run where and when they ran. Tests that ran at the same time, nobody says where, get lanes of their own. */
export function timeline(results: Result[]): Timeline {
  const timed = results
    .map((r) => ({ r, at: Date.parse(r.start_time ?? ''), ms: Math.max(0, (r.duration ?? 0) * 1000) }))
    .filter((t) => Number.isFinite(t.at))
    .sort((a, b) => a.at - b.at);
  const begin = timed[0]?.at ?? 0;
  const end = timed.reduce((latest, t) => Math.max(latest, t.at + t.ms), begin);
  const scale = width / Math.max(1, end - begin);
  const named = new Map<string, Lane>();
  const free: { lane: Lane; until: number }[] = [];
  const laneOf = (t: (typeof timed)[number]): Lane => {
    const worker = workerOf(t.r);
    if (worker) {
      const lane = named.get(worker) ?? { name: worker, marks: [], busy: 0 };
      named.set(worker, lane);
      return lane;
    }
    let slot = free.find((f) => f.until <= t.at);
    if (!slot) free.push((slot = { lane: { name: '', marks: [], busy: 0 }, until: 0 }));
    slot.until = t.at + t.ms;
    return slot.lane;
  };
  for (const t of timed) {
    const lane = laneOf(t);
    lane.busy += t.ms / 1000;
    const from = (t.at - begin) * scale;
    const to = Math.max(from + 1, (t.at + t.ms - begin) * scale);
    const last = lane.marks.at(-1);
    const state = t.r.result ?? 'unknown';
    // What is too small to be seen joins what is beside it; a failure is never hidden among others.
    if (last && last.state === state && to - from <= 1.5 && from - last.to < 0.5 && !failing(state)) {
      last.to = Math.max(last.to, to);
      last.count++;
    } else lane.marks.push({ from, to, state, first: t.r, count: 1 });
  }
  const lanes = [
    ...[...named.values()].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true })),
    ...free.map((f) => f.lane),
  ];
  return { lanes, begin, end };
}

/** slowest lists the tests that took longest. */
export const slowest = (results: Result[], most: number): Result[] =>
  [...results].sort((a, b) => (b.duration ?? 0) - (a.duration ?? 0)).slice(0, most);
