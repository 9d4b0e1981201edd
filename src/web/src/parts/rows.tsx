import { memo, useEffect, useLayoutEffect, useRef, useState, type ReactNode, type RefObject } from 'react';
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
  /** Tells one list from another. Rows that are drawn are used again for the next list. */
  list?: string;
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

/** useWindow follows how far a list is scrolled and how tall it is, once for each frame that is drawn. Another list is read from its start. */
function useWindow(list: string, total: number, height: number) {
  const scroll = useRef<HTMLDivElement>(null);
  // Until it is measured: what stands above a list takes about so much.
  const [at, setAt] = useState(() => ({ top: 0, view: innerHeight - 240 }));
  const read = useRef(list);
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
    // The first list is at its start, and measured when it has been laid out: to ask earlier would lay the page out twice.
    if (read.current !== list) {
      read.current = list;
      box.scrollTop = 0;
      look();
    }
    box.addEventListener('scroll', soon, { passive: true });
    const resized = new ResizeObserver(soon);
    resized.observe(box);
    return () => {
      cancelAnimationFrame(due);
      box.removeEventListener('scroll', soon);
      resized.disconnect();
    };
  }, [list]);
  const sizes: Sizes = { total, height, view: at.view };
  return { scroll, sizes, window: shown(sizes, at.top) };
}

/** What somebody does with a row. */
interface Doings<T> {
  press: (index: number) => void;
  toggle: (index: number, many: boolean) => void;
  offer: (index: number, row: T, button: HTMLElement) => void;
}

interface OneProps<T> {
  index: number;
  row: T | undefined;
  top: number;
  height: number;
  columns: Column<T>[];
  focused: boolean;
  /** null where rows cannot be selected. */
  selected: boolean | null;
  menu: boolean;
  doings: RefObject<Doings<T>>;
}

function One<T>({ index, row, top, height, columns, focused, selected, menu, doings }: OneProps<T>) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={`row${focused ? ' focus' : ''}${selected ? ' selected' : ''}`}
      style={{ height, transform: `translateY(${top}px)` }}
      onClick={(e) => {
        if (!(e.target as HTMLElement).closest('a,button,input,select')) doings.current.press(index);
      }}
    >
      {selected !== null && (
        <span role="cell">
          <input
            type="checkbox"
            aria-label="Select"
            checked={selected}
            onChange={() => {}}
            onClick={(e) => doings.current.toggle(index, e.shiftKey)}
          />
        </span>
      )}
      {columns.map((c) => (
        <span role="cell" key={c.name} className={c.wide ? 'wide' : ''}>
          {row ? c.cell(row) : <span className="ghost" />}
        </span>
      ))}
      {menu && (
        <span role="cell">
          <button
            type="button"
            className="icon-button row-menu"
            aria-label="Actions of the row"
            aria-haspopup="menu"
            tabIndex={-1}
            disabled={!row}
            onClick={(e) => doings.current.offer(index, row!, e.currentTarget)}
          >
            <Glyph of="more" />
          </button>
        </span>
      )}
    </div>
  );
}

/** A row is drawn when something of it changes: not because its list is scrolled, or asked for again. */
const Row = memo(One) as typeof One;

/** Rows draws of a long list what can be seen, and no more. The keys j, k, Enter and Space work on it. */
export function Rows<T>({
  label,
  list = '',
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
  const { scroll, sizes, window } = useWindow(list, total, height);
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

  useLayoutEffect(() => {
    setFocus(-1);
    last.current = -1;
    chosen.current = null;
  }, [list]);

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
    // Enter and Space are about the row from here on, not about the button that was pressed before.
    box.focus({ preventScroll: true });
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
  const doings = useRef<Doings<T>>(null!);
  useLayoutEffect(() => {
    doings.current = {
      press: (index) => {
        put(index);
        const r = row(index);
        if (r && open && !getSelection()?.toString()) open(r);
      },
      toggle,
      offer: (index, r, button) => {
        put(index);
        offer(r, button);
      },
    };
  });
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
                <Row
                  key={index}
                  index={index}
                  row={r}
                  top={window.first + (index - from) * height}
                  height={height}
                  columns={columns}
                  focused={index === focus}
                  selected={select && selected ? !!r && selected.has(id(r)) : null}
                  menu={!!actions}
                  doings={doings}
                />
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
