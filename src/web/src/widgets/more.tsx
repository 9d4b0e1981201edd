import { useState, type ReactNode } from 'react';
import { count } from '../lib/format';

/** useMore says how many of many to draw, first a few, and offers more of them: what has thousands of marks is read by nobody. */
export function useMore(total: number, few: number, what: string): [number, ReactNode] {
  const [most, setMost] = useState(few);
  const left = total - most;
  const next = Math.min(left, 2 * most);
  return [
    Math.min(most, total),
    left > 0 && (
      <p className="more quiet">
        {count(left)} more {what}{' '}
        <button type="button" className="value link" onClick={() => setMost(most + next)}>
          Show {next < left ? `${count(next)} more` : left === 1 ? 'it' : 'them'}
        </button>
      </p>
    ),
  ];
}
