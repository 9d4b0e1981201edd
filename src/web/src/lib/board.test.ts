import { expect, test } from 'vitest';
import type { WidgetConfig } from './api';
import { fromFile, layoutOf, narrow, readKept, since, toFile, variables, weights, writeKept } from './board';
import { order } from './grid';

const widget = (id: string, weight: number): WidgetConfig =>
  ({ id, weight, widget: 'result-summary', title: id, params: { source: 'ci', project: 'p' } }) as WidgetConfig;
const sizes = () => ({ size: { w: 6, h: 4 }, least: { w: 3, h: 2 } });

test('a layout comes back as it was kept, and a text of somebody else beside it', () => {
  const layout = layoutOf([widget('a', 10), widget('b', 20)], readKept(null), sizes);
  const kept = readKept(writeKept({ ...layout, b: { x: 0, y: 4, w: 12, h: 5 } }, 'env=qa'));
  expect(kept.text).toBe('env=qa');
  expect(layoutOf([widget('a', 10), widget('b', 20)], kept, sizes)).toEqual({
    a: { x: 0, y: 0, w: 6, h: 4 },
    b: { x: 0, y: 4, w: 12, h: 5 },
  });
});

test('a text that is no layout of ours is kept and does no harm', () => {
  for (const text of ['env=qa', '[1]', '{"layout": {"a": [1, 2]}}', '{"layout": {"a": "x"}}', 'null', '{'])
    expect(readKept(text).layout).toEqual({});
  expect(readKept('env=qa').text).toBe('env=qa');
});

test('widgets without a place follow below; places of widgets that are gone leave no hole', () => {
  const layout = layoutOf(
    [widget('a', 10), widget('new', 5)],
    { layout: { gone: [0, 0, 12, 9], a: [0, 9, 6, 4] }, text: '' },
    sizes,
  );
  expect(layout).toEqual({ a: { x: 0, y: 0, w: 6, h: 4 }, new: { x: 0, y: 4, w: 6, h: 4 } });
});

test('weights change only when they have to, and then give the order of the layout', () => {
  const all = [widget('a', 10), widget('b', 20), widget('c', 20)];
  const layout = { b: { x: 0, y: 0, w: 6, h: 4 }, a: { x: 6, y: 0, w: 6, h: 4 }, c: { x: 0, y: 4, w: 6, h: 4 } };
  const changes = weights(layout, all);
  const after = all
    .map((w) => ({ ...w, weight: changes.find((c) => c.id === w.id)?.weight ?? w.weight! }))
    .sort((a, b) => a.weight - b.weight);
  expect(after.map((w) => w.id)).toEqual(order(layout));
  expect(weights(layout, after)).toEqual([]);
});

test('a narrow screen shows the same order', () => {
  const layout = { b: { x: 0, y: 0, w: 8, h: 4 }, a: { x: 8, y: 0, w: 4, h: 4 }, c: { x: 0, y: 4, w: 6, h: 4 } };
  expect(order(narrow(layout, 1))).toEqual(order(layout));
  expect(narrow(layout, 1)['a']!.w).toBe(12);
  expect(narrow(layout, 2)).toMatchObject({ b: { w: 12 }, a: { w: 6, x: 0 }, c: { w: 6, x: 6 } });
});

test('variables are read from the address, and a time range starts at a full hour', () => {
  expect(variables(new URLSearchParams('days=7&env=qa'))).toEqual({ days: '7', env: 'qa', component: '' });
  expect(variables(new URLSearchParams('days=-1'))).toEqual({ days: '', env: '', component: '' });
  expect(since('7', new Date('2026-11-24T10:42:11Z'))).toBe('2026-11-17T10:00:00');
});

test('a dashboard goes through a file, without what belongs to one project', () => {
  const layout = { b: { x: 0, y: 0, w: 6, h: 4 }, a: { x: 6, y: 0, w: 6, h: 4 } };
  const file = toFile(
    { id: 'x', title: 'T', description: null, project_id: 'p' } as never,
    [widget('a', 10), widget('b', 20)],
    layout,
  );
  expect(JSON.stringify(file)).not.toContain('"p"');
  expect(fromFile(JSON.stringify(file), (w) => w === 'result-summary')).toEqual({ ...file, description: '' });
});

test.each([
  ['x', 'not JSON'],
  ['{}', 'not an exported dashboard'],
  ['{"ibutsu":"dashboard","version":2,"widgets":[]}', 'version 2'],
  ['{"ibutsu":"dashboard","version":1,"widgets":[{"widget":"pie"}]}', 'Widget 1'],
  ['{"ibutsu":"dashboard","version":1,"widgets":[{"widget":"result-summary","params":[]}]}', 'no object'],
  [JSON.stringify({ ibutsu: 'dashboard', version: 1, widgets: Array.from({ length: 101 }, () => ({})) }), '101'],
])('a file that is none is refused with its reason: %s', (text, reason) => {
  expect(() => fromFile(text, (w) => w === 'result-summary')).toThrow(reason);
});
