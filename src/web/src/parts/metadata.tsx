import { Button } from '@patternfly/react-core';
import { useEffect, useMemo, useState } from 'react';
import { Link } from 'react-router';
import { Copy } from './states';

interface Row {
  field: string;
  value: string;
  /** One of several values, which cannot be excluded alone. */
  several: boolean;
}

function rowsOf(value: unknown, field: string): Row[] {
  if (value == null || value === '') return [];
  if (Array.isArray(value))
    return value.map((v) => ({ field, value: typeof v === 'object' ? JSON.stringify(v) : String(v), several: true }));
  if (typeof value === 'object') return Object.entries(value).flatMap(([k, v]) => rowsOf(v, `${field}.${k}`));
  return [{ field, value: String(value), several: false }];
}

/** Metadata lists all values, each a click from the list of those that share it, and one from those that do not. */
export function Metadata({
  row,
  to,
  more,
}: {
  row: { metadata?: Record<string, unknown> };
  /** the list that a filter stands for */
  to: string;
  more: Record<string, string | null | undefined>;
}) {
  const [text, setText] = useState('');
  const rows = useMemo(
    () => [
      ...Object.entries(more).flatMap(([k, v]) => rowsOf(v, k)),
      // Reporters say many a column once more in the metadata.
      ...rowsOf(row.metadata, 'metadata').filter((r) => more[r.field.replace('metadata.', '')] !== r.value),
    ],
    [row, more.component, more.env], // eslint-disable-line react-hooks/exhaustive-deps
  );
  useEffect(() => setText(''), [row]);
  const some = rows.filter((r) => `${r.field} ${r.value}`.toLowerCase().includes(text.toLowerCase()));
  const filter = (r: Row, operator = '') =>
    `${to}?${encodeURIComponent(r.field)}=${encodeURIComponent(operator + r.value)}`;
  return (
    <>
      <input
        className="field"
        type="search"
        placeholder="Search the metadata"
        aria-label="Search the metadata"
        value={text}
        onChange={(e) => setText(e.target.value)}
      />
      <dl className="metadata">
        {some.map((r, i) => {
          const usable = r.value.length < 200 && /^[\w.-]+$/.test(r.field);
          return (
            <div key={r.field + i}>
              <dt>{r.field.replace(/^metadata\./, '')}</dt>
              <dd>
                {usable ? (
                  <Link to={filter(r)} title="All with this value">
                    {r.value}
                  </Link>
                ) : (
                  <code>{r.value}</code>
                )}
                <span className="metadata-tools">
                  {usable && !r.several && (
                    <Link
                      to={filter(r, '[ne]')}
                      aria-label={`All with another ${r.field}`}
                      title="All with another value"
                    >
                      ≠
                    </Link>
                  )}
                  <Copy text={r.value} label={`Copy ${r.field}`} />
                </span>
              </dd>
            </div>
          );
        })}
      </dl>
      {some.length === 0 && (
        <Button variant="link" onClick={() => setText('')}>
          Nothing found. Show all
        </Button>
      )}
    </>
  );
}
