import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import { columns, move, nudge, order, resize, type Layout, type Place, type Size } from '../lib/grid';
import { Glyph } from '../parts/menu';

const gap = 12;

interface Drag {
  id: string;
  sizes: boolean;
  x: number;
  y: number;
  from: Place;
  base: Layout;
  scroller: HTMLElement;
  top: number;
}
interface Live {
  id: string;
  layout: Layout;
  dx: number;
  dy: number;
  sizes: boolean;
}

interface Props {
  layout: Layout;
  editing: boolean;
  /** Height of a row in pixels. */
  unit: number;
  title: (id: string) => string;
  least: (id: string) => Size;
  change: (layout: Layout) => void;
  children: (id: string, head: ReactNode) => ReactNode;
}

function scrollerOf(element: HTMLElement | null): HTMLElement {
  for (let e = element?.parentElement; e; e = e.parentElement)
    if (e.scrollHeight > e.clientHeight && /auto|scroll/.test(getComputedStyle(e).overflowY)) return e;
  return document.documentElement;
}

const arrows: Record<string, [-1 | 0 | 1, -1 | 0 | 1]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Grid is where widgets stand. While it is edited they are dragged and resized, by pointer or by arrow keys on their handles. */
export function Grid({ layout, editing, unit, title, least, change, children }: Props) {
  const grid = useRef<HTMLDivElement>(null);
  const drag = useRef<Drag | null>(null);
  const [live, setLive] = useState<Live | null>(null);
  const [said, setSaid] = useState('');
  // A node that moves in the document loses the pointer and the focus: while editing, the places change and the order stays.
  const [frozen, setFrozen] = useState<string[] | null>(null);
  useEffect(() => {
    setFrozen(editing ? order(layout) : null);
  }, [editing]); // eslint-disable-line react-hooks/exhaustive-deps
  const shown = live?.layout ?? layout;
  const ids = frozen
    ? [...frozen.filter((id) => shown[id]), ...order(shown).filter((id) => !frozen.includes(id))]
    : order(shown);

  const cell = () => ({ w: ((grid.current?.clientWidth ?? 0) + gap) / columns, h: unit + gap });
  const begin = (e: PointerEvent<HTMLElement>, id: string, sizes: boolean) => {
    if (e.button !== 0 || !layout[id]) return;
    const scroller = scrollerOf(grid.current);
    drag.current = {
      id,
      sizes,
      x: e.clientX,
      y: e.clientY,
      from: layout[id],
      base: layout,
      scroller,
      top: scroller.scrollTop,
    };
    e.currentTarget.setPointerCapture(e.pointerId);
    setLive({ id, layout, dx: 0, dy: 0, sizes });
  };
  const go = (e: PointerEvent<HTMLElement>) => {
    const d = drag.current;
    if (!d) return;
    if (e.clientY > innerHeight - 40) d.scroller.scrollBy(0, 14);
    else if (e.clientY < 110) d.scroller.scrollBy(0, -14);
    const [dx, dy] = [e.clientX - d.x, e.clientY - d.y + d.scroller.scrollTop - d.top];
    const { w, h } = cell();
    const [right, down] = [Math.round(dx / w), Math.round(dy / h)];
    const next = d.sizes
      ? resize(d.base, d.id, { w: d.from.w + right, h: d.from.h + down }, least(d.id))
      : move(d.base, d.id, { ...d.from, x: d.from.x + right, y: d.from.y + down });
    setLive({ id: d.id, layout: next, dx, dy, sizes: d.sizes });
  };
  const say = (id: string, l: Layout) => {
    const p = l[id]!;
    setSaid(`${title(id)}: column ${p.x + 1}, row ${p.y + 1}, ${p.w} columns wide, ${p.h} rows high`);
  };
  const end = (keep: boolean) => {
    const d = drag.current;
    drag.current = null;
    if (d && live && keep && live.layout !== d.base) {
      change(live.layout);
      say(d.id, live.layout);
    }
    setLive(null);
  };
  const stop = useRef(end);
  useEffect(() => {
    stop.current = end;
  });
  useEffect(() => {
    const escape = (e: globalThis.KeyboardEvent) => {
      if (e.key === 'Escape' && drag.current) {
        e.preventDefault();
        stop.current(false);
      }
    };
    document.addEventListener('keydown', escape, true);
    return () => document.removeEventListener('keydown', escape, true);
  }, []);
  const keys = (id: string, sizes: boolean) => (e: KeyboardEvent) => {
    const arrow = arrows[e.key];
    const p = layout[id];
    if (!arrow || !p) return;
    e.preventDefault();
    const next =
      sizes || e.shiftKey
        ? resize(layout, id, { w: p.w + arrow[0], h: p.h + arrow[1] }, least(id))
        : nudge(layout, id, ...arrow);
    change(next);
    say(id, next);
  };
  const handle = (id: string, sizes: boolean) => (
    <button
      type="button"
      className={sizes ? 'corner' : 'icon-button grip'}
      aria-label={sizes ? `Resize ${title(id)}` : `Move ${title(id)}`}
      title={
        sizes ? 'Drag to resize, or use the arrow keys' : 'Drag to move, or use the arrow keys; with shift they resize'
      }
      onPointerDown={(e) => begin(e, id, sizes)}
      onPointerMove={go}
      onPointerUp={() => end(true)}
      onPointerCancel={() => end(false)}
      onKeyDown={keys(id, sizes)}
    >
      <Glyph of={sizes ? 'corner' : 'grip'} />
    </button>
  );
  const spot = (p: Place) => ({ gridColumn: `${p.x + 1} / span ${p.w}`, gridRow: `${p.y + 1} / span ${p.h}` });
  const { w, h } = cell();
  return (
    <div
      className={`board${editing ? ' editing' : ''}${live ? ' dragging' : ''}`}
      ref={grid}
      style={{ gridAutoRows: unit }}
    >
      {live && !live.sizes && <div className="ghost-place" style={spot(shown[live.id]!)} />}
      {ids.map((id) => {
        const p = shown[id]!;
        const held = live?.id === id;
        const from = drag.current?.from;
        const shift =
          held && !live.sizes && from
            ? { transform: `translate(${live.dx - (p.x - from.x) * w}px, ${live.dy - (p.y - from.y) * h}px)` }
            : {};
        return (
          <div key={id} className={`spot${held ? ' held' : ''}`} style={{ ...spot(p), ...shift }}>
            {children(id, editing && handle(id, false))}
            {editing && handle(id, true)}
          </div>
        );
      })}
      <div className="sr" aria-live="polite">
        {said}
      </div>
    </div>
  );
}
