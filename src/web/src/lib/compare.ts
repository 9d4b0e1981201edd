import { failing } from './failures';
import type { Result } from './api';

export type Change = 'newly failing' | 'still failing' | 'fixed' | 'new' | 'gone' | 'slower';

export interface Pair {
  test: string;
  before?: Result;
  after?: Result;
  change: Change | null;
}

/** compare pairs the results of two runs by test, and says what has become of each. */
export function compare(before: Result[], after: Result[]): Pair[] {
  const old = new Map(before.map((r) => [r.test_id ?? '', r]));
  const pairs: Pair[] = after.map((r) => {
    const b = old.get(r.test_id ?? '');
    old.delete(r.test_id ?? '');
    return { test: r.test_id ?? '', ...(b && { before: b }), after: r, change: changeOf(b, r) };
  });
  for (const b of old.values()) pairs.push({ test: b.test_id ?? '', before: b, change: 'gone' });
  return pairs.sort((a, b) => a.test.localeCompare(b.test));
}

function changeOf(before: Result | undefined, after: Result): Change | null {
  if (!before) return failing(after.result) ? 'newly failing' : 'new';
  if (failing(after.result)) return failing(before.result) ? 'still failing' : 'newly failing';
  if (failing(before.result) && after.result === 'passed') return 'fixed';
  const [b, a] = [before.duration ?? 0, after.duration ?? 0];
  return a > 2 * b && a - b > 1 ? 'slower' : null;
}
