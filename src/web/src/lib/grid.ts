/** Where a widget stands on the grid: columns and rows, from 0. */
export interface Place {
  x: number;
  y: number;
  w: number;
  h: number;
}
export type Layout = Record<string, Place>;
export interface Size {
  w: number;
  h: number;
}

export const columns = 12;
export const tallest = 24;

const whole = (n: unknown, low: number, high: number): number =>
  Math.min(high, Math.max(low, Math.round(Number(n) || 0)));

/** fit brings a place onto the grid, and gives it at least the least size. */
export function fit(p: Place, least: Size = { w: 1, h: 1 }): Place {
  const w = whole(p.w, least.w, columns);
  return { x: whole(p.x, 0, columns - w), y: whole(p.y, 0, 10000), w, h: whole(p.h, least.h, tallest) };
}

/** order is how a reader, and a narrow screen, goes through a layout. */
export const order = (layout: Layout): string[] =>
  Object.keys(layout).sort((a, b) => layout[a]!.y - layout[b]!.y || layout[a]!.x - layout[b]!.x || a.localeCompare(b));

/** settle lets each, in this order, fall upwards until it meets another. Nothing overlaps afterwards. */
export function settle(ids: string[], layout: Layout): Layout {
  const reach = new Array<number>(columns).fill(0);
  const settled: Layout = {};
  for (const id of ids) {
    const p = layout[id]!;
    const y = Math.max(...reach.slice(p.x, p.x + p.w));
    reach.fill(y + p.h, p.x, p.x + p.w);
    settled[id] = { ...p, y };
  }
  return settled;
}

/** flow puts sizes beside each other, row after row, below what stands there already. */
export function flow(sizes: [string, Size][], layout: Layout = {}): Layout {
  const next: Layout = { ...layout };
  let y = Math.max(0, ...Object.values(layout).map((p) => p.y + p.h));
  let x = 0;
  let tall = 0;
  for (const [id, size] of sizes) {
    const w = Math.min(size.w, columns);
    if (x + w > columns) {
      y += tall;
      x = 0;
      tall = 0;
    }
    next[id] = { x, y, w, h: size.h };
    x += w;
    tall = Math.max(tall, size.h);
  }
  return settle(order(next), next);
}

const middle = (p: Place): number => p.y + p.h / 2;
const apart = (a: Place, b: Place): boolean =>
  a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
const holds = (p: Place, o: Place): boolean =>
  o.x + o.w / 2 > p.x && o.x + o.w / 2 < p.x + p.w && middle(o) > p.y && middle(o) < p.y + p.h;

/** move brings one to a place, or to a size; the others make room. One whose middle is covered and who fits goes to where it came from. */
export function move(layout: Layout, id: string, to: Place): Layout {
  const from = layout[id];
  if (!from) return layout;
  const place = fit(to);
  const others = { ...layout };
  delete others[id];
  if (place.w === from.w && place.h === from.h) {
    const under = Object.keys(others).filter((o) => holds(place, others[o]!));
    const one = under.length === 1 ? others[under[0]!]! : null;
    const back = one && fit({ ...one, x: from.x, y: from.y });
    if (
      one &&
      back &&
      apart(back, place) &&
      Object.entries(others).every(([o, p]) => o === under[0] || apart(back, p))
    ) {
      const swapped = { ...others, [under[0]!]: back, [id]: place };
      return settle(order(swapped), swapped);
    }
  }
  // Going down, others go up as soon as their middle is passed; going up, they stay until then.
  const edge = place.y > from.y ? place.y + place.h : place.y;
  const ids = order(others);
  const next = { ...others, [id]: place };
  return settle(
    [...ids.filter((o) => middle(others[o]!) <= edge), id, ...ids.filter((o) => middle(others[o]!) > edge)],
    next,
  );
}

/** step moves one earlier or later in the order of reading, for those who do not drag: by one place, or as many as it takes. */
export function step(layout: Layout, id: string, by: 1 | -1): Layout {
  const ids = order(layout);
  const at = ids.indexOf(id);
  if (at < 0) return layout;
  for (let to = at + by; to >= 0 && to < ids.length; to += by) {
    const others = ids.filter((o) => o !== id);
    const next = flow([...others.slice(0, to), id, ...others.slice(to)].map((o) => [o, layout[o]!]));
    if ((order(next).indexOf(id) - at) * by > 0) return next;
  }
  return layout;
}

/** resize gives one another size; the others make room. */
export function resize(layout: Layout, id: string, size: Size, least: Size): Layout {
  const p = layout[id];
  if (!p) return layout;
  const next = { ...layout, [id]: fit({ ...p, w: Math.min(size.w, columns - p.x), h: size.h }, least) };
  return settle(order(next), next);
}

/** height is how many rows a layout has. */
export const height = (layout: Layout): number => Math.max(0, ...Object.values(layout).map((p) => p.y + p.h));

/** nudge moves one towards a side, as far as it takes for anything to change. */
export function nudge(layout: Layout, id: string, dx: -1 | 0 | 1, dy: -1 | 0 | 1): Layout {
  const p = layout[id];
  if (!p) return layout;
  for (let n = 1; n <= Math.max(columns, height(layout) + 1); n++) {
    const next = move(layout, id, { ...p, x: p.x + dx * n, y: p.y + dy * n });
    if (next[id]!.x !== p.x || next[id]!.y !== p.y) return next;
  }
  return layout;
}
