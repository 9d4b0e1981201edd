import type { Dashboard, WidgetConfig } from './api';
import { columns, fit, flow, order, settle, type Layout, type Place, type Size } from './grid';

/** What a dashboard keeps beside its widgets. The server has a text for it, which older pages neither read nor change. */
export interface Kept {
  layout: Record<string, [number, number, number, number]>;
  /** A text that somebody else has put there. */
  text: string;
}

export function readKept(filters: string | null | undefined): Kept {
  const none: Kept = { layout: {}, text: '' };
  if (!filters) return none;
  try {
    const value = JSON.parse(filters) as { layout?: unknown; text?: unknown } | null;
    if (!value || typeof value !== 'object' || Array.isArray(value)) return { ...none, text: filters };
    const layout: Kept['layout'] = {};
    for (const [id, p] of Object.entries((value.layout ?? {}) as Record<string, unknown>)) {
      if (Array.isArray(p) && p.length === 4 && p.every((n) => Number.isFinite(n)))
        layout[id] = p as [number, number, number, number];
    }
    return { layout, text: typeof value.text === 'string' ? value.text : '' };
  } catch {
    return { ...none, text: filters };
  }
}

export function writeKept(layout: Layout, text: string): string {
  const kept: Kept['layout'] = {};
  for (const id of order(layout)) {
    const p = layout[id]!;
    kept[id] = [p.x, p.y, p.w, p.h];
  }
  return JSON.stringify({ layout: kept, ...(text && { text }) });
}

export interface Sizes {
  (widget: string): { size: Size; least: Size };
}

/** layoutOf puts the widgets where they were left; those that have no place yet follow below, by weight. */
export function layoutOf(widgets: WidgetConfig[], kept: Kept, sizes: Sizes): Layout {
  const layout: Layout = {};
  const fresh: [string, Size][] = [];
  for (const w of widgets) {
    const p = kept.layout[w.id!];
    if (p) layout[w.id!] = fit({ x: p[0], y: p[1], w: p[2], h: p[3] }, sizes(w.widget ?? '').least);
    else fresh.push([w.id!, sizes(w.widget ?? '').size]);
  }
  return flow(fresh, settle(order(layout), layout));
}

/** narrow arranges the widgets for a screen with room for one or two beside each other, in their order. */
export function narrow(layout: Layout, beside: 1 | 2): Layout {
  return flow(
    order(layout).map((id) => [
      id,
      { w: beside === 1 || layout[id]!.w > columns / 2 ? columns : columns / 2, h: layout[id]!.h },
    ]),
  );
}

/** weights are those that have to change for a page without our layout to show the widgets in this order. */
export function weights(layout: Layout, widgets: WidgetConfig[]): { id: string; weight: number }[] {
  const now = new Map(widgets.map((w) => [w.id!, w.weight ?? 10]));
  const ids = order(layout);
  const sorted = ids.every((id, i) => i === 0 || (now.get(ids[i - 1]!) ?? 0) < (now.get(id) ?? 0));
  return sorted ? [] : ids.map((id, i) => ({ id, weight: (i + 1) * 10 })).filter((c) => now.get(c.id) !== c.weight);
}

/** What holds for all widgets of a dashboard, "" for no limit. */
export interface Variables {
  days: string;
  env: string;
  component: string;
}

export const variables = (address: URLSearchParams): Variables => ({
  days: /^\d{1,4}$/.test(address.get('days') ?? '') && Number(address.get('days')) > 0 ? address.get('days')! : '',
  env: address.get('env') ?? '',
  component: address.get('component') ?? '',
});

/** since is the start of a time range, at a full hour so that equal questions of an hour have one answer. */
export function since(days: string, now: Date): string {
  const hour = 3600000;
  return new Date(Math.floor(now.getTime() / hour) * hour - Number(days) * 24 * hour).toISOString().slice(0, 19);
}

export interface File {
  ibutsu: 'dashboard';
  version: 1;
  title: string;
  description: string;
  widgets: {
    title: string;
    widget: string;
    params: Record<string, unknown>;
    place: [number, number, number, number];
  }[];
}

/** toFile is a dashboard to keep or to hand on: nothing in it belongs to one project or server. */
export function toFile(board: Dashboard, widgets: WidgetConfig[], layout: Layout): File {
  const of = new Map(widgets.map((w) => [w.id!, w]));
  return {
    ibutsu: 'dashboard',
    version: 1,
    title: board.title ?? '',
    description: board.description ?? '',
    widgets: order(layout).flatMap((id) => {
      const w = of.get(id);
      if (!w) return [];
      const { project: _, ...params } = (w.params ?? {}) as Record<string, unknown>;
      const p = layout[id]!;
      return [
        {
          title: w.title ?? '',
          widget: w.widget ?? '',
          params,
          place: [p.x, p.y, p.w, p.h] as [number, number, number, number],
        },
      ];
    }),
  };
}

export const mostWidgets = 100;

/** fromFile reads such a file; the error says what is wrong with it, for a person. */
export function fromFile(text: string, known: (widget: string) => boolean): File {
  let value: Partial<File> | null;
  try {
    value = JSON.parse(text) as Partial<File> | null;
  } catch {
    throw new Error('It is not JSON.');
  }
  if (!value || typeof value !== 'object' || value.ibutsu !== 'dashboard' || !Array.isArray(value.widgets))
    throw new Error('It is not an exported dashboard.');
  if (value.version !== 1) throw new Error(`It is of version ${String(value.version)}; this page reads version 1.`);
  if (value.widgets.length > mostWidgets)
    throw new Error(`It has ${value.widgets.length} widgets; ${mostWidgets} is the most.`);
  const widgets = value.widgets.map((w, i): File['widgets'][number] => {
    const name = `Widget ${i + 1}`;
    if (!w || typeof w !== 'object' || typeof w.widget !== 'string' || !known(w.widget))
      throw new Error(
        `${name} is of a kind that this server does not have${typeof w?.widget === 'string' ? `: ${w.widget.slice(0, 60)}` : ''}.`,
      );
    if (w.params != null && (typeof w.params !== 'object' || Array.isArray(w.params)))
      throw new Error(`${name} has parameters that are no object.`);
    const p = Array.isArray(w.place) && w.place.length === 4 ? w.place.map(Number) : [0, 10000, 6, 5];
    const place = fit({ x: p[0]!, y: p[1]!, w: p[2]!, h: p[3]! } satisfies Place);
    return {
      title: typeof w.title === 'string' ? w.title.slice(0, 200) : '',
      widget: w.widget,
      params: w.params ?? {},
      place: [place.x, place.y, place.w, place.h],
    };
  });
  return {
    ibutsu: 'dashboard',
    version: 1,
    title: typeof value.title === 'string' && value.title ? value.title.slice(0, 200) : 'Imported dashboard',
    description: typeof value.description === 'string' ? value.description.slice(0, 2000) : '',
    widgets,
  };
}
