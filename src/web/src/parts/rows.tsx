import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useDensity } from './choice';
import { useKeys } from './keys';
import { Glyph, MenuList, type Action } from './menu';

export interface Column<T> {
  name: string;
  width: string;
  cell: (row: T) => ReactNode;
  /** Left out where the screen is narrow. */
  wide?: boolean;
  sort?: (a: T, b: T) => number;
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
  const scroll = useRef<HTMLDivElement>(null);
  const [focus, setFocus] = useState(-1);
  const last = useRef(-1);
  const [density] = useDensity();
  const height = density === 'dense' ? 32 : 44;
  const [menu, setMenu] = useState<{ row: T; x: number; y: number; from: HTMLElement | null } | null>(null);
  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => scroll.current,
    estimateSize: () => height,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const [from, to] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => range?.(from, to), [from, to, range]);

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
    virtual.scrollToIndex(i);
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
              {(c.sort || c.orderBy) && onSort ? (
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
          <div style={{ height: virtual.getTotalSize(), position: 'relative' }} role="presentation">
            {items.map((item) => {
              const r = row(item.index);
              return (
                <div
                  key={item.key}
                  role="row"
                  aria-rowindex={item.index + 2}
                  className={`row${item.index === focus ? ' focus' : ''}${r && selected?.has(id(r)) ? ' selected' : ''}`}
                  style={{ height, transform: `translateY(${item.start}px)` }}
                  onClick={(e) => {
                    if ((e.target as HTMLElement).closest('a,button,input,select')) return;
                    put(item.index);
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
                        onClick={(e) => toggle(item.index, e.shiftKey)}
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
                          put(item.index);
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
