import { useState, type ReactNode } from 'react';

const most = 200;

function Value({ value }: { value: unknown }) {
  const kind = value === null ? 'null' : typeof value;
  return <span className={`json-${kind}`}>{typeof value === 'string' ? JSON.stringify(value) : String(value)}</span>;
}

function Branch({ name, value, depth }: { name: ReactNode; value: object; depth: number }) {
  const [open, setOpen] = useState(depth < 2);
  const list = Array.isArray(value);
  const members = Object.entries(value);
  return (
    <details open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>
        {name} <span className="quiet">{list ? `[${members.length}]` : `{${members.length}}`}</span>
      </summary>
      {open && (
        <ul className="plain-list">
          {members.slice(0, most).map(([k, v]) => (
            <li key={k}>
              <JSONTree name={<span className="json-key">{k}</span>} value={v} depth={depth + 1} />
            </li>
          ))}
          {members.length > most && <li className="quiet">and {members.length - most} more</li>}
        </ul>
      )}
    </details>
  );
}

/** JSONTree shows a value, its parts opened and closed. */
export function JSONTree({ name, value, depth = 0 }: { name?: ReactNode; value: unknown; depth?: number }) {
  if (value !== null && typeof value === 'object') return <Branch name={name} value={value} depth={depth} />;
  return (
    <span className="json-leaf">
      {name}
      {name && ': '}
      <Value value={value} />
    </span>
  );
}
