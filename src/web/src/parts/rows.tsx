import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { placed, shown, type Sizes } from '../lib/window';
import { useDensity } from './choice';
import { useKeys } from './keys';
import { Glyph, MenuList, type Action } from './menu';

export interface Column<T> {
  name: string;
  width: string;
  cell: (row: T) => ReactNode;
  /** Left out where the screen is narrow. */
  wide?: boolean;
  /** What the server calls an order by this column. */
  orderBy?: string;
  /** What an export says of a row. */
  text?: (row: T) => string;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  total: number;
  row: (index: number) => T | undefined;
  id: (row: T) => string;
  open?: (row: T) => void;
  range?: (from: number, to: number) => void;
  selected?: Set<string>;
  select?: (ids: Set<string>) => void;
  sort?: { name: string; down: boolean } | null;
  onSort?: (name: string) => void;
  /** What can be done with a row, in a menu of it. */
  actions?: (row: T) => (Action | null | false)[];
  /** The row that j and k have come to. */
  focused?: (row: T | undefined) => void;
}

/** useWindow follows how far a list is scrolled and how tall it is, once for each frame that is drawn. */
function useWindow(total: number, height: number) {
  const scroll = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState({ top: 0, view: 900 });
  useLayoutEffect(() => {
    const box = scroll.current!;
    let due = 0;
    const look = () => {
      due = 0;
      const now = { top: box.scrollTop, view: box.clientHeight };
      setAt((old) => (old.top === now.top && old.view === now.view ? old : now));
    };
    const soon = () => {
      due ||= requestAnimationFrame(look);
    };
    look();
    box.addEventListener('scroll', soon, { passive: true });
    const resized = new ResizeObserver(soon);
    resized.observe(box);
    return () => {
      cancelAnimationFrame(due);
      box.removeEventListener('scroll', soon);
      resized.disconnect();
    };
  }, []);
  const sizes: Sizes = { total, height, view: at.view };
  return { scroll, sizes, window: shown(sizes, at.top) };
}

/** Rows draws of a long list what can be seen, and no more. The keys j, k, Enter and Space work on it. */
export function Rows<T>({
  label,
  columns,
  total,
  row,
  id,
  open,
  range,
  selected,
  select,
  sort,
  onSort,
  actions,
  focused,
}: Props<T>) {
  const [focus, setFocus] = useState(-1);
  const last = useRef(-1);
  const [density] = useDensity();
  const height = density === 'dense' ? 32 : 44;
  const [menu, setMenu] = useState<{ row: T; x: number; y: number; from: HTMLElement | null } | null>(null);
  const { scroll, sizes, window } = useWindow(total, height);
  const { from, to } = window;
  const indexes = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
  useEffect(() => range?.(from, to), [from, to, range]);

  // When rows come in above, the chosen one moves down, and the choice with it.
  const chosen = useRef<{ index: number; id: string } | null>(null);
  useEffect(() => {
    const r = row(focus);
    if (!r) return;
    const was = chosen.current;
    chosen.current = { index: focus, id: id(r) };
    if (!was || was.index !== focus || was.id === id(r)) return;
    for (let i = from; i <= to; i++) {
      const other = row(i);
      if (other && id(other) === was.id) setFocus(i);
    }
  });

  const toggle = (index: number, many = false) => {
    const r = row(index);
    if (!r || !select || !selected) return;
    const next = new Set(selected);
    if (many && last.current >= 0) {
      for (let i = Math.min(last.current, index); i <= Math.max(last.current, index); i++) {
        const x = row(i);
        if (x) next.add(id(x));
      }
    } else if (!next.delete(id(r))) next.add(id(r));
    last.current = index;
    select(next);
  };
  const put = (index: number) => {
    setFocus(index);
    focused?.(row(index));
  };
  const go = (index: number) => {
    const i = Math.max(0, Math.min(total - 1, index));
    put(i);
    const box = scroll.current!;
    box.scrollTop = placed(sizes, box.scrollTop, i);
  };
  const offer = (r: T, button: HTMLElement) => {
    const { bottom, right } = button.getBoundingClientRect();
    const room = { x: 260, y: 340 };
    setMenu({
      row: r,
      x: Math.max(8, Math.min(right, innerWidth) - room.x),
      y: Math.max(8, Math.min(bottom, innerHeight - room.y)),
      from: button,
    });
  };
  useKeys({
    j: () => go(focus + 1),
    k: () => go(focus - 1),
    Enter: (e) => {
      const r = row(focus);
      if (r && open && !(e.target as HTMLElement).closest('a,button')) open(r);
      else if ((e.target as HTMLElement).closest('a,button')) (e.target as HTMLElement).click();
    },
    ...(select && {
      ' ': (e: KeyboardEvent) => {
        if (!(e.target as HTMLElement).closest('a,button,input')) toggle(focus);
        else (e.target as HTMLElement).click();
      },
      Escape: () => select(new Set()),
    }),
    ...(actions && {
      '.': () => {
        const r = row(focus);
        const button = scroll.current?.querySelector<HTMLElement>(`[aria-rowindex="${focus + 2}"] .row-menu`);
        if (r && button) offer(r, button);
      },
    }),
  });
  const grid = (shown: Column<T>[]) =>
    [select && '2rem', ...shown.map((c) => c.width), actions && '28px'].filter(Boolean).join(' ');
  const template = grid(columns);
  const narrow = grid(columns.filter((c) => !c.wide));
  return (
    <>
      <div
        className="rows"
        role="table"
        aria-label={label}
        aria-rowcount={total + 1}
        style={{ '--columns': template, '--narrow': narrow } as React.CSSProperties}
      >
        <div className="row head" role="row">
          {select && (
            <span role="columnheader">
              <span className="sr">Selected</span>
            </span>
          )}
          {columns.map((c) => (
            <span
              role="columnheader"
              key={c.name}
              className={c.wide ? 'wide' : ''}
              aria-sort={sort?.name === c.name ? (sort.down ? 'descending' : 'ascending') : undefined}
            >
              {c.orderBy && onSort ? (
                <button type="button" className="sorter" onClick={() => onSort(c.name)}>
                  {c.name}
                  {sort?.name === c.name ? (sort.down ? ' ↓' : ' ↑') : ''}
                </button>
              ) : (
                c.name
              )}
            </span>
          ))}
          {actions && (
            <span role="columnheader">
              <span className="sr">Actions</span>
            </span>
          )}
        </div>
        <div className="body" ref={scroll} tabIndex={0} role="rowgroup" aria-label={label}>
          <div style={{ height: window.box, position: 'relative' }} role="presentation">
            {indexes.map((index) => {
              const r = row(index);
              return (
                <div
                  key={index}
                  role="row"
                  aria-rowindex={index + 2}
                  className={`row${index === focus ? ' focus' : ''}${r && selected?.has(id(r)) ? ' selected' : ''}`}
                  style={{ height, transform: `translateY(${window.first + (index - from) * height}px)` }}
                  onClick={(e) => {
                    if ((e.target as HTMLElement).closest('a,button,input,select')) return;
                    put(index);
                    if (r && open && !getSelection()?.toString()) open(r);
                  }}
                >
                  {select && (
                    <span role="cell">
                      <input
                        type="checkbox"
                        aria-label="Select"
                        checked={!!r && selected!.has(id(r))}
                        onChange={() => {}}
                        onClick={(e) => toggle(index, e.shiftKey)}
                      />
                    </span>
                  )}
                  {columns.map((c) => (
                    <span role="cell" key={c.name} className={c.wide ? 'wide' : ''}>
                      {r ? c.cell(r) : <span className="ghost" />}
                    </span>
                  ))}
                  {actions && (
                    <span role="cell">
                      <button
                        type="button"
                        className="icon-button row-menu"
                        aria-label="Actions of the row"
                        aria-haspopup="menu"
                        tabIndex={-1}
                        disabled={!r}
                        onClick={(e) => {
                          put(index);
                          offer(r!, e.currentTarget);
                        }}
                      >
                        <Glyph of="more" />
                      </button>
                    </span>
                  )}
                </div>
              );
            })}
          </div>
        </div>
      </div>
      {menu && actions && (
        <div>
          <MenuList
            label="Actions of the row"
            actions={actions(menu.row)}
            at={menu}
            close={(back) => {
              setMenu(null);
              if (back) menu.from?.focus();
            }}
          />
        </div>
      )}
    </>
  );
}
