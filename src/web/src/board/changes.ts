import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { useProject } from '../frame';
import { api, APIError, type Dashboard, type WidgetConfig } from '../lib/api';
import { toFile } from '../lib/board';
import { makeBoard, remade, restore, widgetsOf } from '../lib/boards';
import type { Layout } from '../lib/grid';
import { useToast } from '../parts/toast';

/** useFailed says of what was not done why it was not. */
function useFailed() {
  const toast = useToast();
  return (what: string) => (e: unknown) =>
    toast(what, { kind: 'danger', body: e instanceof APIError ? e.message : String(e) });
}

const nameOf = (w: WidgetConfig) => w.title || 'Untitled';

/** useWidgets is what can be done with the widgets of a dashboard; placed puts them where they were. */
export function useWidgets(board: string, widgets: WidgetConfig[], placed: () => void) {
  const { project } = useProject();
  const client = useQueryClient();
  const toast = useToast();
  const failed = useFailed();
  const key = ['widgets', board];
  const show = () => client.invalidateQueries({ queryKey: key });
  const bottom = () => Math.max(0, ...widgets.map((w) => w.weight ?? 10)) + 10;
  const remove = async (w: WidgetConfig) => {
    await api.remove(`/widget-config/${w.id}`);
    client.setQueryData<WidgetConfig[]>(key, (all) => all?.filter((o) => o.id !== w.id));
    const back = async () => {
      await api.post('/widget-config', remade(w, { id: w.id! }));
      await show();
      placed();
    };
    toast(`“${nameOf(w)}” deleted`, {
      action: { label: 'Undo', run: () => void back().catch(failed('The widget was not brought back')) },
    });
  };
  const duplicate = async (w: WidgetConfig) => {
    const title = `${nameOf(w)} (copy)`;
    await api.post('/widget-config', remade(w, { title, weight: bottom(), dashboard_id: board, project_id: project }));
    await show();
    toast(`“${nameOf(w)}” duplicated`);
  };
  return {
    save: async ({ id, title, widget, params, weight }: WidgetConfig) => {
      const said = { title, widget, params: params ?? {}, type: 'widget', project_id: project };
      if (id) await api.put(`/widget-config/${id}`, { ...said, weight: weight ?? 10 });
      else await api.post('/widget-config', { ...said, weight: bottom(), dashboard_id: board });
      await show();
      toast(id ? `“${title}” saved` : `“${title}” added`);
    },
    remove: (w: WidgetConfig) => void remove(w).catch(failed('The widget was not deleted')),
    duplicate: (w: WidgetConfig) => void duplicate(w).catch(failed('The widget was not duplicated')),
  };
}

/** useBoard is what can be done with a dashboard as a whole. */
export function useBoard(board: Dashboard, standard: boolean) {
  const { project, base } = useProject();
  const id = board.id!;
  const client = useQueryClient();
  const toast = useToast();
  const go = useNavigate();
  const failed = useFailed();
  const open = (board: string) => void go(`${base}/dashboard/${board}`);
  const openFirst = () => api.put(`/project/${project}`, { default_dashboard_id: id });
  const fresh = () =>
    Promise.all(
      [
        ['widgets', id],
        ['dashboards', project],
        ['project', project],
      ].map((queryKey) => client.invalidateQueries({ queryKey })),
    );
  const duplicate = async (widgets: WidgetConfig[], layout: Layout) => {
    const file = toFile(board, widgets, layout);
    const made = await makeBoard(project, { ...file, title: `${file.title} (copy)` });
    await client.invalidateQueries({ queryKey: ['dashboards', project] });
    toast(`“${made.title}” made`);
    open(made.id!);
  };
  const makeStandard = async () => {
    await openFirst();
    await client.invalidateQueries({ queryKey: ['project', project] });
    toast(`The project opens “${board.title}” now`);
  };
  const remove = async () => {
    const all = await widgetsOf(id);
    await api.remove(`/dashboard/${id}`);
    localStorage.removeItem(`dashboard ${project}`);
    client.setQueryData<Dashboard[]>(['dashboards', project], (all) => all?.filter((b) => b.id !== id));
    await go(`${base}/dashboard`, { replace: true });
    await fresh();
    const back = async () => {
      await restore(board, all);
      if (standard) await openFirst().catch(() => {});
      await fresh();
      open(id);
    };
    toast(`Dashboard “${board.title}” deleted`, {
      action: { label: 'Undo', run: () => void back().catch(failed('The dashboard was not brought back')) },
    });
  };
  return {
    duplicate: (widgets: WidgetConfig[], layout: Layout) =>
      void duplicate(widgets, layout).catch(failed('The dashboard was not duplicated')),
    makeStandard: () => void makeStandard().catch(failed('The project still opens another')),
    remove: () => void remove().catch(failed('The dashboard was not deleted')),
  };
}
