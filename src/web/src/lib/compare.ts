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

export interface Line {
  sign: ' ' | '+' | '-';
  text: string;
}

/** difference lists the lines of two texts, those in one alone marked. Texts of over 2,000 lines are cut: the table grows with the square. */
export function difference(a: string, b: string): Line[] {
  const x = a.split('\n').slice(0, 2000);
  const y = b.split('\n').slice(0, 2000);
  const w = y.length + 1;
  const t = new Uint16Array((x.length + 1) * w);
  for (let i = x.length - 1; i >= 0; i--)
    for (let j = y.length - 1; j >= 0; j--)
      t[i * w + j] = x[i] === y[j] ? t[(i + 1) * w + j + 1]! + 1 : Math.max(t[(i + 1) * w + j]!, t[i * w + j + 1]!);
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) {
      lines.push({ sign: ' ', text: x[i]! });
      i++;
      j++;
    } else if (j >= y.length || (i < x.length && t[(i + 1) * w + j]! >= t[i * w + j + 1]!))
      lines.push({ sign: '-', text: x[i++]! });
    else lines.push({ sign: '+', text: y[j++]! });
  }
  return lines;
}
