import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { api, APIError, type Dashboard, type WidgetConfig } from '../lib/api';
import { layoutOf, readKept, weights, writeKept, type Kept } from '../lib/board';
import type { Layout } from '../lib/grid';
import { useToast } from '../parts/toast';
import { sizes } from '../widgets/kinds';

/** soon is how long the server waits for a change of the layout, in ms: who drags makes many. */
const soon = 500;

/** useLayout is where the widgets of a dashboard stand. The screen has a change at once, the server a moment later. */
export function useLayout(board: Dashboard, widgets: WidgetConfig[]) {
  const id = board.id!;
  const key = ['widgets', id];
  const client = useQueryClient();
  const toast = useToast();
  const [mine, setMine] = useState<Kept | null>(null);
  const [past, setPast] = useState<Layout[]>([]);
  const [saving, setSaving] = useState<'' | 'saving' | 'saved' | 'failed'>('');
  const kept = useMemo(() => mine ?? readKept(board.filters), [mine, board.filters]);
  const layout = useMemo(() => layoutOf(widgets, kept, sizes), [widgets, kept]);
  const queue = useRef<Promise<unknown>>(Promise.resolve());
  const wait = useRef<ReturnType<typeof setTimeout>>(undefined);
  const unsaved = useRef<Layout | null>(null);

  const send = async (next: Layout) => {
    const filters = writeKept(next, kept.text);
    await api.put(`/dashboard/${id}`, { filters });
    const there = (client.getQueryData<WidgetConfig[]>(key) ?? []).filter((w) => next[w.id!]);
    const changed = weights(next, there);
    for (const c of changed) await api.put(`/widget-config/${c.id}`, { weight: c.weight });
    client.setQueryData<Dashboard[]>(['dashboards', board.project_id], (all) =>
      all?.map((b) => (b.id === id ? { ...b, filters } : b)),
    );
    const weight = new Map(changed.map((c) => [c.id, c.weight]));
    client.setQueryData<WidgetConfig[]>(key, (all) =>
      all?.map((w) => (weight.has(w.id!) ? { ...w, weight: weight.get(w.id!)! } : w)),
    );
  };
  const save = () => {
    const next = unsaved.current;
    unsaved.current = null;
    clearTimeout(wait.current);
    if (!next) return;
    setSaving('saving');
    queue.current = queue.current.then(async () => {
      try {
        await send(next);
        setSaving('saved');
      } catch (e) {
        setSaving('failed');
        unsaved.current ??= next;
        toast('The layout was not saved', {
          kind: 'danger',
          body: e instanceof APIError ? e.message : String(e),
          action: { label: 'Try again', run: () => saveNow.current() },
        });
      }
    });
  };
  const saveNow = useRef(save);
  useEffect(() => {
    saveNow.current = save;
  });
  // Whoever leaves the page in the moment between change and saving loses nothing.
  useEffect(() => () => saveNow.current(), []);

  const arrange = (next: Layout, remember = true) => {
    if (remember) setPast((p) => [...p.slice(-49), layout]);
    setMine(readKept(writeKept(next, kept.text)));
    unsaved.current = next;
    clearTimeout(wait.current);
    wait.current = setTimeout(() => saveNow.current(), soon);
  };
  return {
    layout,
    arrange,
    saving,
    undo: () => {
      const before = past.at(-1);
      if (!before) return;
      setPast(past.slice(0, -1));
      arrange(before, false);
    },
    undoable: past.length > 0,
    /** done ends an edit: what there is goes to the server now, and is no more taken back. */
    done: () => {
      saveNow.current();
      setPast([]);
      setSaving('');
    },
  };
}
