import { api, type Dashboard, type List, type WidgetConfig } from './api';
import { writeKept, type File } from './board';
import { settle, order, type Layout } from './grid';

async function everyPage<T>(
  path: string,
  key: string,
  q: Record<string, string | string[]>,
  signal?: AbortSignal,
): Promise<T[]> {
  const all: T[] = [];
  for (let page = 1, pages = 1; page <= pages; page++) {
    const list = await api.get<List<string, T>>(path, { ...q, page, pageSize: 100 }, signal);
    all.push(...(list[key] as T[]));
    pages = Math.min(list.pagination.totalPages, 50);
  }
  return all;
}

export const dashboardsOf = (project: string, signal?: AbortSignal) =>
  everyPage<Dashboard>('/dashboard', 'dashboards', { project_id: project }, signal);

/** widgetsOf are the widgets of a dashboard, by weight. */
export const widgetsOf = async (board: string, signal?: AbortSignal): Promise<WidgetConfig[]> =>
  (await everyPage<WidgetConfig>('/widget-config', 'widgets', { filter: [`dashboard_id=${board}`] }, signal)).filter(
    (w) => w.type !== 'view',
  );

export const viewsOf = (project: string, signal?: AbortSignal) =>
  everyPage<WidgetConfig>('/widget-config', 'widgets', { filter: ['type=view', `project_id=${project}`] }, signal);

/** remade is a widget as it is sent to make it: again, or anew elsewhere. */
export const remade = (w: WidgetConfig, more: Partial<WidgetConfig> = {}): WidgetConfig =>
  ({
    title: w.title ?? '',
    widget: w.widget ?? '',
    type: 'widget',
    weight: w.weight ?? 10,
    params: w.params ?? {},
    ...(w.project_id && { project_id: w.project_id }),
    ...(w.dashboard_id && { dashboard_id: w.dashboard_id }),
    ...more,
  }) as WidgetConfig;

/** makeBoard makes a dashboard with its widgets; made half, it is taken away again. */
export async function makeBoard(project: string, file: File): Promise<Dashboard> {
  const board = await api.post<Dashboard>('/dashboard', {
    title: file.title,
    description: file.description,
    project_id: project,
  });
  try {
    const layout: Layout = {};
    for (const [i, w] of file.widgets.entries()) {
      const made = await api.post<WidgetConfig>('/widget-config', {
        title: w.title,
        widget: w.widget,
        type: 'widget',
        params: w.params,
        weight: (i + 1) * 10,
        dashboard_id: board.id,
        project_id: project,
      });
      const [x, y, width, height] = w.place;
      layout[made.id!] = { x, y, w: width, h: height };
    }
    return await api.put<Dashboard>(`/dashboard/${board.id}`, {
      filters: writeKept(settle(order(layout), layout), ''),
    });
  } catch (e) {
    await api.remove(`/dashboard/${board.id}`).catch(() => {});
    throw e;
  }
}

/** restore brings back what was deleted, under the same ids, so that links lead there again. */
export async function restore(board: Dashboard, widgets: WidgetConfig[]): Promise<void> {
  await api.post('/dashboard', {
    id: board.id,
    title: board.title ?? '',
    description: board.description ?? '',
    filters: board.filters ?? '',
    ...(board.project_id && { project_id: board.project_id }),
  });
  for (const w of widgets) await api.post('/widget-config', remade(w, { id: w.id! }));
}
