import type { Filter } from '../lib/filter';

/** Narrow adds a filter to those that there are. It stays the same function: who offers filters is not drawn anew for each. */
export type Narrow = (f: Filter) => void;

/** Value is something that a row has: a click keeps only rows that have it, another those that have not. */
export function Value({
  field,
  value,
  text = value,
  narrow,
}: {
  field: string;
  value: string | null | undefined;
  text?: string | null | undefined;
  narrow: Narrow;
}) {
  if (!value) return null;
  return (
    <span className="valued">
      <button
        type="button"
        className="value"
        title={`Only ${value}`}
        onClick={() => narrow({ field, operator: 'eq', value })}
      >
        {text}
      </button>
      <button
        type="button"
        className="value without"
        aria-label={`Without ${value}`}
        title={`Without ${value}`}
        onClick={() => narrow({ field, operator: 'ne', value })}
      >
        ≠
      </button>
    </span>
  );
}
