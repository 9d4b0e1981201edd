import { expect, test } from 'vitest';
import { columns, fit, flow, height, move, nudge, order, resize, settle, step, type Layout } from './grid';

const overlaps = (l: Layout) =>
  Object.entries(l).flatMap(([a, p]) =>
    Object.entries(l)
      .filter(([b, q]) => a < b && p.x < q.x + q.w && q.x < p.x + p.w && p.y < q.y + q.h && q.y < p.y + p.h)
      .map(([b]) => `${a}/${b}`),
  );
const board = (): Layout =>
  flow([
    ['a', { w: 6, h: 4 }],
    ['b', { w: 6, h: 4 }],
    ['c', { w: 4, h: 3 }],
    ['d', { w: 4, h: 3 }],
    ['e', { w: 4, h: 3 }],
  ]);

test('widgets flow row after row and are read in that order', () => {
  expect(board()).toEqual({
    a: { x: 0, y: 0, w: 6, h: 4 },
    b: { x: 6, y: 0, w: 6, h: 4 },
    c: { x: 0, y: 4, w: 4, h: 3 },
    d: { x: 4, y: 4, w: 4, h: 3 },
    e: { x: 8, y: 4, w: 4, h: 3 },
  });
  expect(order(board())).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(height(board())).toBe(7);
});

test('new ones go below what stands there', () => {
  const more = flow([['f', { w: 12, h: 2 }]], board());
  expect(more['f']).toEqual({ x: 0, y: 7, w: 12, h: 2 });
  expect(more['a']).toEqual(board()['a']);
});

test('one that is dragged over another of its kind changes places with it', () => {
  expect(move(board(), 'a', { x: 6, y: 0, w: 6, h: 4 })).toMatchObject({ a: { x: 6, y: 0 }, b: { x: 0, y: 0 } });
  expect(move(board(), 'c', { x: 8, y: 4, w: 4, h: 3 })).toMatchObject({
    c: { x: 8, y: 4 },
    e: { x: 0, y: 4 },
    d: { x: 4, y: 4 },
  });
});

test('dragged down it passes those whose middle it covers, dragged up it pushes them away', () => {
  const stack = flow([
    ['a', { w: 12, h: 2 }],
    ['b', { w: 12, h: 6 }],
    ['c', { w: 12, h: 2 }],
  ]);
  expect(order(move(stack, 'a', { ...stack['a']!, y: 2 }))).toEqual(['a', 'b', 'c']);
  expect(order(move(stack, 'a', { ...stack['a']!, y: 4 }))).toEqual(['b', 'a', 'c']);
  expect(order(move(stack, 'c', { ...stack['c']!, y: 6 }))).toEqual(['a', 'b', 'c']);
  expect(order(move(stack, 'c', { ...stack['c']!, y: 3 }))).toEqual(['a', 'c', 'b']);
});

test('whatever is done, nothing overlaps, nothing is lost, nothing leaves the grid', () => {
  let seed = 7;
  const random = (n: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % n;
  };
  for (let round = 0; round < 30; round++) {
    let l = flow(Array.from({ length: 2 + random(9) }, (_, i) => [`w${i}`, { w: 2 + random(11), h: 1 + random(6) }]));
    for (let turn = 0; turn < 25; turn++) {
      const id = `w${random(Object.keys(l).length)}`;
      const before = Object.keys(l).sort();
      l = [
        () => move(l, id, { ...l[id]!, x: random(15) - 2, y: random(20) - 2 }),
        () => resize(l, id, { w: random(15), h: random(9) }, { w: 2, h: 2 }),
        () => step(l, id, random(2) ? 1 : -1),
        () => nudge(l, id, random(2) ? 1 : -1, 0),
        () => nudge(l, id, 0, random(2) ? 1 : -1),
      ][random(5)]!();
      expect(overlaps(l)).toEqual([]);
      expect(Object.keys(l).sort()).toEqual(before);
      for (const p of Object.values(l)) expect(p.x >= 0 && p.y >= 0 && p.w >= 1 && p.x + p.w <= columns).toBe(true);
      expect(settle(order(l), l)).toEqual(l);
    }
  }
});

test('an arrow key always does something, unless the side is reached', () => {
  const l = board();
  expect(nudge(l, 'a', 0, 1)['a']!.y).toBeGreaterThan(0);
  expect(nudge(l, 'c', 0, -1)['c']!.y).toBe(0);
  expect(nudge(l, 'a', 1, 0)['a']!.x).toBe(1);
  expect(nudge(l, 'a', -1, 0)).toBe(l);
  expect(nudge(l, 'a', 0, -1)['a']).toEqual(l['a']);
});

test('earlier and later change the order of reading', () => {
  expect(order(step(board(), 'c', -1)).slice(0, 2)).toEqual(['a', 'c']);
  expect(order(step(board(), 'd', 1))).toEqual(['a', 'b', 'c', 'e', 'd']);
  expect(step(board(), 'a', -1)).toEqual(board());
});

test('a size stays between the least and the grid', () => {
  expect(resize(board(), 'b', { w: 40, h: 1 }, { w: 3, h: 2 })['b']).toMatchObject({ x: 6, w: 6, h: 2 });
  expect(fit({ x: 11, y: -3, w: 99, h: Number.NaN })).toEqual({ x: 0, y: 0, w: 12, h: 1 });
});
