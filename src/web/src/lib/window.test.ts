import { expect, test } from 'vitest';
import { placed, shown } from './window';

const small = { total: 200000, height: 44, view: 900 };
const huge = { total: 2000000, height: 44, view: 900 };

test('the first and the last row can be reached, however long the list is', () => {
  for (const list of [small, huge, { ...small, total: 3 }, { ...small, total: 21 }]) {
    const { from, box } = shown(list, 0);
    expect(from).toBe(0);
    const end = shown(list, Math.max(0, box - list.view));
    expect(end.to).toBe(list.total - 1);
    // The last row ends where the box ends.
    expect(end.first + (end.to - end.from + 1) * list.height).toBeCloseTo(box, 3);
  }
});

test('no box is taller than browsers draw', () => {
  expect(shown(small, 0).box).toBe(200000 * 44);
  expect(shown(huge, 0).box).toBeLessThan(17e6);
});

test('what is seen is drawn, wherever one scrolls to', () => {
  for (const list of [small, huge]) {
    const { box } = shown(list, 0);
    for (let top = 0; top <= box - list.view; top += 99991) {
      const { from, to, first } = shown(list, top);
      expect(first).toBeLessThanOrEqual(top);
      expect(first + (to - from + 1) * list.height).toBeGreaterThanOrEqual(top + list.view);
      expect(to - from).toBeLessThan(40);
    }
  }
});

test('a row is scrolled into sight, and no further', () => {
  expect(placed(small, 0, 3)).toBe(0);
  expect(placed(small, 0, 30)).toBe(31 * 44 - 900);
  expect(placed(small, 44000, 10)).toBe(440);
  for (const list of [small, huge])
    for (const index of [0, 1, 777777 % list.total, list.total - 1]) {
      const top = placed(list, 5e6, index);
      const { from, to } = shown(list, top);
      expect(from).toBeLessThanOrEqual(index);
      expect(to).toBeGreaterThanOrEqual(index);
    }
  expect(placed({ ...small, total: 3 }, 0, 2)).toBe(0);
});

test('an empty list draws nothing', () => {
  const { from, to } = shown({ ...small, total: 0 }, 0);
  expect(to).toBeLessThan(from);
});
