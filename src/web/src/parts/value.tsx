import { add, type Filter } from '../lib/filter';

/** Value is something that a row has: a click keeps only rows that have it, another those that have not. */
export function Value({
  field,
  value,
  text = value,
  filters,
  change,
}: {
  field: string;
  value: string | null | undefined;
  text?: string | null | undefined;
  filters: Filter[];
  change: (f: Filter[]) => void;
}) {
  if (!value) return null;
  return (
    <span className="valued">
      <button
        type="button"
        className="value"
        title={`Only ${value}`}
        onClick={() => change(add(filters, { field, operator: 'eq', value }))}
      >
        {text}
      </button>
      <button
        type="button"
        className="value without"
        aria-label={`Without ${value}`}
        title={`Without ${value}`}
        onClick={() => change(add(filters, { field, operator: 'ne', value }))}
      >
        ≠
      </button>
    </span>
  );
}
