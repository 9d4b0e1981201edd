import { useRef, useState } from 'react';
import { Link } from 'react-router';
import type { Dashboard } from '../lib/api';
import { useAway } from '../parts/away';

/** BoardMenu leads to the other dashboards of the project. */
export function BoardMenu({
  boards,
  board,
  standard,
  base,
  search,
}: {
  boards: Dashboard[];
  board: Dashboard;
  standard: string | null;
  base: string;
  search: URLSearchParams;
}) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const box = useRef<HTMLDivElement>(null);
  useAway(box, open, setOpen);
  // What holds for all widgets goes along; the choices of single widgets do not.
  const along = new URLSearchParams([...search].filter(([k]) => ['days', 'env', 'component', 'refresh'].includes(k)));
  const found = boards
    .filter((b) => `${b.title} ${b.description ?? ''} ${b.id}`.toLowerCase().includes(text.toLowerCase()))
    .sort((a, b) => (a.title ?? '').localeCompare(b.title ?? ''));
  return (
    <div
      className="menu"
      ref={box}
      onKeyDown={(e) => {
        if (e.key === 'Escape') setOpen(false);
      }}
    >
      <button type="button" className="menu-button" aria-expanded={open} onClick={() => setOpen(!open)}>
        {boards.length} dashboards <span aria-hidden="true">▾</span>
      </button>
      {open && (
        <div className="menu-list">
          <input
            className="field"
            type="search"
            aria-label="Find a dashboard"
            placeholder="Find a dashboard"
            value={text}
            autoFocus
            onChange={(e) => setText(e.target.value)}
          />
          <ul className="plain-list">
            {found.map((b) => (
              <li key={b.id}>
                <Link
                  to={`${base}/dashboard/${b.id}${along.size ? `?${along}` : ''}`}
                  aria-current={b.id === board.id ? 'page' : undefined}
                  onClick={() => setOpen(false)}
                >
                  {b.title || 'Untitled'}
                  {b.id === standard && <span className="quiet"> · opens first</span>}
                  {b.description && <span className="quiet clip board-about">{b.description}</span>}
                </Link>
              </li>
            ))}
          </ul>
          {found.length === 0 && <p className="quiet pad">No dashboard is called “{text}”.</p>}
        </div>
      )}
    </div>
  );
}
