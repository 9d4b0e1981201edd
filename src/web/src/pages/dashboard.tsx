import '../widgets/board.css';
import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { Link, Navigate, useNavigate, useParams, useSearchParams } from 'react-router';
import { useProject } from '../frame';
import { api, APIError, type Dashboard, type Project, type WidgetConfig } from '../lib/api';
import { fromFile, layoutOf, narrow, readKept, toFile, variables, weights, writeKept, type Kept } from '../lib/board';
import { dashboardsOf, makeBoard, remade, restore, widgetsOf } from '../lib/boards';
import { height, order, resize, step, type Layout } from '../lib/grid';
import { insight } from '../lib/insight';
import { jobField, starter } from '../lib/starter';
import { says } from '../parts/form';
import { useKeys } from '../parts/keys';
import { ActionMenu, Glyph } from '../parts/menu';
import { Empty, Failed, Lines, useTitle } from '../parts/states';
import { useToast } from '../parts/toast';
import { WidgetCard, type Given } from '../widgets/card';
import { Grid } from '../widgets/grid';
import { knownKind, sizes } from '../widgets/kinds';
import { useSize } from '../widgets/size';
import { useKnown, Wizard } from '../widgets/wizard';

const last = {
  get: (project: string) => localStorage.getItem(`dashboard ${project}`),
  set: (project: string, id: string) => localStorage.setItem(`dashboard ${project}`, id),
};

function useBoards(project: string) {
  return useQuery({
    queryKey: ['dashboards', project],
    queryFn: ({ signal }) => dashboardsOf(project, signal),
    staleTime: 30000,
  });
}

/** Dashboards finds the dashboard of an address: the named one, else the project's own, the last one seen, or the first. */
export function Dashboards() {
  const { project, base } = useProject();
  const { id } = useParams();
  const [address] = useSearchParams();
  const boards = useBoards(project);
  const own = useQuery({
    queryKey: ['project', project],
    queryFn: ({ signal }) => api.get<Project>(`/project/${project}`, {}, signal),
    staleTime: 60000,
    retry: false,
  });
  useTitle('Dashboards');
  if (boards.error) return <Failed error={boards.error} what="Dashboards" retry={() => void boards.refetch()} />;
  if (!boards.data || (!id && own.isPending))
    return (
      <>
        <div className="heading">
          <h1>Dashboards</h1>
        </div>
        <Lines n={6} />
      </>
    );
  if (id) {
    const board = boards.data.find((b) => b.id === id);
    if (board)
      return <Board key={id} board={board} boards={boards.data} standard={own.data?.default_dashboard_id ?? null} />;
    return (
      <Empty
        title="This dashboard is not there"
        actions={<Link to={`${base}/dashboard`}>The dashboards of this project</Link>}
      >
        It may have been deleted, or belong to another project.
      </Empty>
    );
  }
  const there = (wanted: string | null | undefined) => boards.data.some((b) => b.id === wanted) && wanted;
  const chosen = there(own.data?.default_dashboard_id) || there(last.get(project)) || boards.data[0]?.id;
  if (chosen)
    return (
      <Navigate to={{ pathname: `${base}/dashboard/${chosen}`, search: address.size ? `?${address}` : '' }} replace />
    );
  return <NoBoards />;
}

/** useStarter is the dashboard that a project without one can begin with; null when it has no runs. */
function useStarter(project: string) {
  return useQuery({
    queryKey: ['starter', project],
    queryFn: async ({ signal }) => {
      const values = async (of: 'runs' | 'results', field: string) =>
        (await insight.values(project, of, field, '', signal))
          .toSorted((a, b) => b.count - a.count)
          .map((v) => v.value);
      const [components, environments, jobs, exceptions] = await Promise.all([
        values('runs', 'component'),
        values('runs', 'env'),
        values('runs', jobField),
        values('results', 'metadata.exception_name'),
      ]);
      return starter('Overview', { components, environments, jobs, exceptions });
    },
    staleTime: 60000,
    retry: false,
  });
}

function NoBoards() {
  const { project, base } = useProject();
  const client = useQueryClient();
  const go = useNavigate();
  const toast = useToast();
  const [naming, setNaming] = useState(false);
  const [busy, setBusy] = useState(false);
  const take = useImport(project);
  const offer = useStarter(project);
  if (offer.isPending) return <Lines n={6} />;
  const begin = async () => {
    setBusy(true);
    try {
      const made = await makeBoard(project, offer.data!);
      await client.invalidateQueries({ queryKey: ['dashboards', project] });
      toast(`Dashboard “${made.title}” made`);
      void go(`${base}/dashboard/${made.id}`);
    } catch (e) {
      setBusy(false);
      toast('The dashboard was not made', { kind: 'danger', body: says(e) });
    }
  };
  return (
    <>
      <div className="heading">
        <h1>Dashboards</h1>
      </div>
      <Empty
        title="No dashboard yet"
        actions={
          <>
            {offer.data && (
              <Button onClick={() => void begin()} isLoading={busy} isDisabled={busy}>
                Begin with an overview
              </Button>
            )}
            <Button variant={offer.data ? 'secondary' : 'primary'} onClick={() => setNaming(true)}>
              New dashboard
            </Button>
            <Button variant="link" onClick={take.choose}>
              Import one
            </Button>
          </>
        }
      >
        {offer.data ? (
          <>
            A dashboard shows how a project is doing. From what the runs of this one say, an overview of{' '}
            {offer.data.widgets.length} widgets can be made:{' '}
            {offer.data.widgets.map((w) => w.title.toLowerCase()).join(', ')}. Everything in it can be changed.
          </>
        ) : (
          <>
            A dashboard shows how a project is doing. There is nothing to show of this one yet:{' '}
            <Link to={`${base}/imports`}>how to push the first run</Link>.
          </>
        )}
      </Empty>
      {take.input}
      {naming && <Naming project={project} close={() => setNaming(false)} />}
    </>
  );
}

/** Naming asks for title and description, of a new dashboard or of one that is there. */
function Naming({ project, board, close }: { project: string; board?: Dashboard; close: () => void }) {
  const client = useQueryClient();
  const go = useNavigate();
  const toast = useToast();
  const [title, setTitle] = useState(board?.title ?? '');
  const [description, setDescription] = useState(board?.description ?? '');
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const save = async () => {
    setTried(true);
    if (!title.trim()) return;
    setBusy(true);
    try {
      const made = board
        ? await api.put<Dashboard>(`/dashboard/${board.id}`, { title: title.trim(), description })
        : await api.post<Dashboard>('/dashboard', { title: title.trim(), description, project_id: project });
      await client.invalidateQueries({ queryKey: ['dashboards', project] });
      close();
      if (!board) {
        toast(`Dashboard “${made.title}” made`);
        void go(`/project/${project}/dashboard/${made.id}?edit=1`);
      }
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <Modal variant="small" isOpen onClose={close} aria-label={board ? 'Rename dashboard' : 'New dashboard'}>
      <ModalHeader title={board ? 'Title and description' : 'New dashboard'} />
      <ModalBody>
        <form
          id="naming"
          onSubmit={(e) => {
            e.preventDefault();
            void save();
          }}
        >
          <label className="form-field">
            Title
            <input
              className={`field${tried && !title.trim() ? ' faulty' : ''}`}
              value={title}
              maxLength={200}
              autoFocus
              aria-invalid={tried && !title.trim()}
              onChange={(e) => setTitle(e.target.value)}
            />
            {tried && !title.trim() && (
              <span className="text-failed fault" role="alert">
                ✕ This is needed.
              </span>
            )}
          </label>
          <label className="form-field">
            Description
            <textarea
              className="field"
              rows={2}
              value={description}
              maxLength={2000}
              onChange={(e) => setDescription(e.target.value)}
            />
          </label>
        </form>
        {error ? <Failed error={error} what="The dashboard" /> : null}
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="naming" isLoading={busy} isDisabled={busy}>
          {board ? 'Save' : 'Make it'}
        </Button>
        <Button variant="link" onClick={close}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}

/** useImport reads an exported dashboard from a file. */
function useImport(project: string) {
  const input = useRef<HTMLInputElement>(null);
  const client = useQueryClient();
  const toast = useToast();
  const go = useNavigate();
  const read = async (file: File | undefined) => {
    if (!file) return;
    try {
      if (file.size > 1 << 20) throw new Error('It is larger than 1 MiB.');
      const board = await makeBoard(project, fromFile(await file.text(), knownKind));
      await client.invalidateQueries({ queryKey: ['dashboards', project] });
      toast(`Dashboard “${board.title}” imported`);
      void go(`/project/${project}/dashboard/${board.id}`);
    } catch (e) {
      toast(`${file.name} was not imported`, { kind: 'danger', body: e instanceof Error ? e.message : String(e) });
    } finally {
      if (input.current) input.current.value = '';
    }
  };
  return {
    choose: () => input.current?.click(),
    input: (
      <input
        ref={input}
        type="file"
        accept="application/json,.json"
        hidden
        aria-label="Dashboard to import"
        onChange={(e) => void read(e.target.files?.[0])}
      />
    ),
  };
}

function useTick(ms: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), ms);
    return () => clearInterval(timer);
  }, [ms]);
  return now;
}

const times: [string, string][] = [
  ['', 'as each is set'],
  ['1', 'last 24 hours'],
  ['7', 'last 7 days'],
  ['14', 'last 14 days'],
  ['30', 'last 30 days'],
  ['90', 'last 90 days'],
];
const paces: [string, string][] = [
  ['', 'off'],
  ['30', 'every 30 s'],
  ['60', 'every minute'],
  ['300', 'every 5 min'],
];

function Choice({
  label,
  value,
  options,
  change,
}: {
  label: string;
  value: string;
  options: [string, string][];
  change: (v: string) => void;
}) {
  const all = value && !options.some(([o]) => o === value) ? [...options, [value, value] as [string, string]] : options;
  return (
    <label className={`choice${value ? ' set' : ''}`}>
      <span>{label}</span>
      <select value={value} onChange={(e) => change(e.target.value)}>
        {all.map(([v, word]) => (
          <option key={v} value={v}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}

function Board({ board, boards, standard }: { board: Dashboard; boards: Dashboard[]; standard: string | null }) {
  const { project, base } = useProject();
  const id = board.id!;
  const client = useQueryClient();
  const toast = useToast();
  const go = useNavigate();
  const [address, setAddress] = useSearchParams();
  const vars = useMemo(() => variables(address), [address]);
  const tv = address.get('tv') === '1';
  const editing = address.get('edit') === '1' && !tv;
  const pace = /^\d{1,5}$/.test(address.get('refresh') ?? '') ? address.get('refresh')! : tv ? '60' : '';
  const tick = useTick(20000);
  const hour = Math.floor(tick / 3600000);
  const now = useMemo(() => new Date(hour * 3600000), [hour]);
  const given: Given = { project, base, vars, now, renew: Number(pace) >= 5 ? Number(pace) * 1000 : false };
  const key = ['widgets', id];
  const widgets = useQuery({ queryKey: key, queryFn: ({ signal }) => widgetsOf(id, signal) });
  const [wizard, setWizard] = useState<{ config?: WidgetConfig } | null>(null);
  const [naming, setNaming] = useState<'' | 'new' | 'this' | 'delete'>('');
  const [box, room] = useSize<HTMLDivElement>();
  const take = useImport(project);
  useTitle(board.title || 'Dashboard');
  useEffect(() => last.set(project, id), [project, id]);

  const put = (changes: Record<string, string | null>, replace = false) =>
    setAddress(
      (old) => {
        const next = new URLSearchParams(old);
        for (const [k, v] of Object.entries(changes)) {
          if (v) next.set(k, v);
          else next.delete(k);
        }
        return next;
      },
      { replace },
    );

  // The layout as it is here; the server has it a moment later.
  const [mine, setMine] = useState<Kept | null>(null);
  const [past, setPast] = useState<Layout[]>([]);
  const [saving, setSaving] = useState<'' | 'saving' | 'saved' | 'failed'>('');
  const kept = useMemo(() => mine ?? readKept(board.filters), [mine, board.filters]);
  const layout = useMemo(() => layoutOf(widgets.data ?? [], kept, sizes), [widgets.data, kept]);
  const queue = useRef<Promise<unknown>>(Promise.resolve());
  const wait = useRef<ReturnType<typeof setTimeout>>(undefined);
  const unsaved = useRef<Layout | null>(null);
  const send = () => {
    const next = unsaved.current;
    unsaved.current = null;
    clearTimeout(wait.current);
    if (!next) return;
    setSaving('saving');
    queue.current = queue.current.then(async () => {
      try {
        const filters = writeKept(next, kept.text);
        await api.put(`/dashboard/${id}`, { filters });
        const now = client.getQueryData<WidgetConfig[]>(key) ?? [];
        const changed = weights(
          next,
          now.filter((w) => next[w.id!]),
        );
        for (const c of changed) await api.put(`/widget-config/${c.id}`, { weight: c.weight });
        client.setQueryData<Dashboard[]>(['dashboards', project], (all) =>
          all?.map((b) => (b.id === id ? { ...b, filters } : b)),
        );
        const weight = new Map(changed.map((c) => [c.id, c.weight]));
        client.setQueryData<WidgetConfig[]>(key, (all) =>
          all?.map((w) => (weight.has(w.id!) ? { ...w, weight: weight.get(w.id!)! } : w)),
        );
        setSaving('saved');
      } catch (e) {
        setSaving('failed');
        unsaved.current ??= next;
        toast('The layout was not saved', {
          kind: 'danger',
          body: e instanceof APIError ? e.message : String(e),
          action: { label: 'Try again', run: () => sendNow.current() },
        });
      }
    });
  };
  const sendNow = useRef(send);
  useEffect(() => {
    sendNow.current = send;
  });
  // Whoever leaves the page in the moment between change and saving loses nothing.
  useEffect(() => () => sendNow.current(), []);
  const arrange = (next: Layout, remember = true) => {
    if (remember) setPast((p) => [...p.slice(-49), layout]);
    setMine(readKept(writeKept(next, kept.text)));
    unsaved.current = next;
    clearTimeout(wait.current);
    wait.current = setTimeout(() => sendNow.current(), 500);
  };
  const undo = () => {
    const before = past.at(-1);
    if (before) {
      setPast(past.slice(0, -1));
      arrange(before, false);
    }
  };
  const edit = (on: boolean) => {
    if (!on) {
      sendNow.current();
      setPast([]);
      setSaving('');
    }
    put({ edit: on ? '1' : null }, true);
  };

  const show = () => client.invalidateQueries({ queryKey: key });
  const bottom = () => Math.max(0, ...(widgets.data ?? []).map((w) => w.weight ?? 10)) + 10;
  const save = async (config: WidgetConfig) => {
    const { title, widget, params } = config;
    if (config.id)
      await api.put(`/widget-config/${config.id}`, {
        title,
        widget,
        params: params ?? {},
        type: 'widget',
        weight: config.weight ?? 10,
        project_id: project,
      });
    else
      await api.post('/widget-config', {
        title,
        widget,
        params: params ?? {},
        type: 'widget',
        weight: bottom(),
        dashboard_id: id,
        project_id: project,
      });
    await show();
    setWizard(null);
    toast(config.id ? `“${title}” saved` : `“${title}” added`);
  };
  const failed = (what: string) => (e: unknown) =>
    toast(what, { kind: 'danger', body: e instanceof APIError ? e.message : String(e) });
  const remove = async (w: WidgetConfig) => {
    await api.remove(`/widget-config/${w.id}`);
    client.setQueryData<WidgetConfig[]>(key, (all) => all?.filter((o) => o.id !== w.id));
    const place = layout;
    toast(`“${w.title || 'Untitled'}” deleted`, {
      action: {
        label: 'Undo',
        run: () =>
          void api.post('/widget-config', remade(w, { id: w.id! })).then(async () => {
            await show();
            arrange(place, false);
          }, failed('The widget was not brought back')),
      },
    });
  };
  const twice = async (w: WidgetConfig) => {
    await api.post(
      '/widget-config',
      remade(w, { title: `${w.title || 'Untitled'} (copy)`, weight: bottom(), dashboard_id: id, project_id: project }),
    );
    await show();
    toast(`“${w.title || 'Untitled'}” duplicated`);
  };
  const download = () => {
    const a = document.createElement('a');
    a.href = URL.createObjectURL(
      new Blob([JSON.stringify(toFile(board, widgets.data ?? [], layout), null, 2) + '\n'], {
        type: 'application/json',
      }),
    );
    a.download = `${(board.title || 'dashboard')
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-|-$/g, '')
      .toLowerCase()}.dashboard.json`;
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 10000);
  };
  const copy = async () => {
    const file = toFile(board, widgets.data ?? [], layout);
    const made = await makeBoard(project, { ...file, title: `${file.title} (copy)` });
    await client.invalidateQueries({ queryKey: ['dashboards', project] });
    toast(`“${made.title}” made`);
    void go(`${base}/dashboard/${made.id}`);
  };
  const makeStandard = async () => {
    await api.put(`/project/${project}`, { default_dashboard_id: id });
    await client.invalidateQueries({ queryKey: ['project', project] });
    toast(`The project opens “${board.title}” now`);
  };
  const drop = async () => {
    const all = await widgetsOf(id);
    await api.remove(`/dashboard/${id}`);
    setNaming('');
    localStorage.removeItem(`dashboard ${project}`);
    const fresh = () =>
      Promise.all([
        client.invalidateQueries({ queryKey: key }),
        client.invalidateQueries({ queryKey: ['dashboards', project] }),
        client.invalidateQueries({ queryKey: ['project', project] }),
      ]);
    await go(`${base}/dashboard`, { replace: true });
    await fresh();
    toast(`Dashboard “${board.title}” deleted`, {
      action: {
        label: 'Undo',
        run: () =>
          void restore(board, all).then(async () => {
            if (standard === id) await api.put(`/project/${project}`, { default_dashboard_id: id }).catch(() => {});
            await fresh();
            void go(`${base}/dashboard/${id}`);
          }, failed('The dashboard was not brought back')),
      },
    });
  };

  const full = () => {
    put({ tv: '1', edit: null });
    void document.documentElement.requestFullscreen?.().catch(() => {});
  };
  const leave = () => {
    put({ tv: null });
    if (document.fullscreenElement) void document.exitFullscreen();
  };
  useEffect(() => {
    document.documentElement.classList.toggle('tv', tv);
    if (!tv) return;
    const change = () => {
      if (!document.fullscreenElement) put({ tv: null }, true);
    };
    document.addEventListener('fullscreenchange', change);
    return () => {
      document.documentElement.classList.remove('tv');
      document.removeEventListener('fullscreenchange', change);
    };
  }, [tv]); // eslint-disable-line react-hooks/exhaustive-deps
  useKeys({
    a: () => setWizard({}),
    e: () => edit(!editing),
    F: () => (tv ? leave() : full()),
    Escape: () => {
      if (tv) leave();
      else if (editing && !wizard && !naming) edit(false);
    },
    ...(editing && { u: undo }),
  });

  const envs = useKnown(project, 'env', !tv);
  const components = useKnown(project, 'component', !tv);
  const either = (values: string[], none: string): [string, string][] => [
    ['', none],
    ...values.map((v): [string, string] => [v, v]),
  ];
  const beside: 12 | 2 | 1 = room.width === 0 || room.width >= 860 ? 12 : room.width >= 560 ? 2 : 1;
  const shown = beside === 12 ? layout : narrow(layout, beside);
  const rows = height(shown);
  // On a wall everything is to be seen at once, where that leaves enough to see.
  const unit = tv && rows > 0 ? Math.max(44, Math.floor((window.innerHeight - 78) / rows) - 12) : 64;
  const of = new Map((widgets.data ?? []).map((w) => [w.id!, w]));
  const titleOf = (w: string) => of.get(w)?.title || 'Untitled';
  const settings = (w: string) =>
    Object.fromEntries(
      [...address].filter(([k]) => k.startsWith(`w.${w.slice(0, 8)}.`)).map(([k, v]) => [k.slice(11), v]),
    );
  const size = (w: string, dw: number, dh: number) => {
    const p = layout[w]!;
    arrange(resize(layout, w, { w: p.w + dw, h: p.h + dh }, sizes(of.get(w)?.widget ?? '').least));
  };

  const card = (w: string, head: ReactNode) => {
    const config = of.get(w)!;
    const over = settings(w);
    const name = config.title || 'Untitled';
    return (
      <WidgetCard
        config={config}
        given={given}
        over={over}
        tick={tick}
        head={head}
        set={(n, v) => put({ [`w.${w.slice(0, 8)}.${n}`]: v }, true)}
        actions={
          !tv && (
            <ActionMenu
              label={`Actions of ${name}`}
              face={<Glyph of="more" />}
              actions={[
                {
                  label: 'Numbers as a table',
                  checked: over['as'] === 'table',
                  run: () => put({ [`w.${w.slice(0, 8)}.as`]: over['as'] === 'table' ? null : 'table' }, true),
                },
                { label: 'Edit…', run: () => setWizard({ config }) },
                { label: 'Duplicate', run: () => void twice(config).catch(failed('The widget was not duplicated')) },
                { label: 'Move earlier', run: () => arrange(step(layout, w, -1)), disabled: order(layout)[0] === w },
                { label: 'Move later', run: () => arrange(step(layout, w, 1)), disabled: order(layout).at(-1) === w },
                ...(editing && beside === 12
                  ? [
                      { label: 'Wider', run: () => size(w, 1, 0) },
                      { label: 'Narrower', run: () => size(w, -1, 0) },
                    ]
                  : []),
                ...(editing
                  ? [
                      { label: 'Taller', run: () => size(w, 0, 1) },
                      { label: 'Less tall', run: () => size(w, 0, -1) },
                    ]
                  : []),
                {
                  label: 'Delete',
                  danger: true,
                  run: () => void remove(config).catch(failed('The widget was not deleted')),
                },
              ]}
            />
          )
        }
      />
    );
  };

  return (
    <div className="dashboard">
      <div className="heading">
        <h1>{board.title || 'Untitled'}</h1>
        {!tv && boards.length > 1 && (
          <BoardMenu boards={boards} board={board} standard={standard} base={base} search={address} />
        )}
        {tv && (
          <span className="quiet">
            {[times.find(([v]) => v && v === vars.days)?.[1], vars.env, vars.component].filter(Boolean).join(' · ')}
          </span>
        )}
        <span className="spring" />
        {tv ? (
          <>
            <span className="quiet">
              {new Date(tick).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })}, renewed{' '}
              {paces.find(([v]) => v === pace)?.[1] ?? `every ${pace} s`}
            </span>
            <Button size="sm" variant="link" onClick={leave}>
              Leave full screen
            </Button>
          </>
        ) : (
          <>
            <Button size="sm" onClick={() => setWizard({})} title="a">
              Add widget
            </Button>
            <Button
              size="sm"
              variant={editing ? 'primary' : 'secondary'}
              aria-pressed={editing}
              isDisabled={!widgets.data?.length}
              onClick={() => edit(!editing)}
              title="e"
            >
              {editing ? 'Done' : 'Edit layout'}
            </Button>
            <ActionMenu
              className="at-end"
              label="Actions of the dashboard"
              face={<Glyph of="more" />}
              actions={[
                { label: 'Full screen', run: full },
                { label: 'New dashboard…', run: () => setNaming('new') },
                { label: 'Title and description…', run: () => setNaming('this') },
                { label: 'Duplicate', run: () => void copy().catch(failed('The dashboard was not duplicated')) },
                standard !== id && {
                  label: 'Open first in this project',
                  run: () => void makeStandard().catch(failed('The project still opens another')),
                },
                { label: 'Export as JSON', run: download },
                { label: 'Import from JSON…', run: take.choose },
                { label: 'Delete…', danger: true, run: () => setNaming('delete') },
              ]}
            />
          </>
        )}
      </div>
      {take.input}
      {!tv && board.description && <p className="quiet">{board.description}</p>}
      {!tv && (
        <div className="variables" role="group" aria-label="For all widgets">
          <Choice label="Time" value={vars.days} options={times} change={(v) => put({ days: v })} />
          <Choice label="Environment" value={vars.env} options={either(envs, 'all')} change={(v) => put({ env: v })} />
          <Choice
            label="Component"
            value={vars.component}
            options={either(components, 'all')}
            change={(v) => put({ component: v })}
          />
          <Choice label="Refresh" value={pace} options={paces} change={(v) => put({ refresh: v }, true)} />
          {(vars.days || vars.env || vars.component) && (
            <Button size="sm" variant="link" onClick={() => put({ days: null, env: null, component: null })}>
              Clear
            </Button>
          )}
        </div>
      )}
      {editing && (
        <div className="edit-bar" role="status">
          <span>
            {beside === 12
              ? 'Drag a widget by its dots, resize it at its corner. By keyboard: Tab to the dots, arrows move, Shift and arrows resize.'
              : 'On a wider screen widgets can be dragged. Here their menus move and resize them.'}
          </span>
          <span className="spring" />
          <span className={saving === 'failed' ? 'text-failed' : 'quiet'}>
            {saving === 'saving'
              ? 'Saving…'
              : saving === 'saved'
                ? '✓ Saved'
                : saving === 'failed'
                  ? '✕ Not saved'
                  : ''}
          </span>
          {past.length > 0 && (
            <Button size="sm" variant="link" onClick={undo} title="u">
              Undo
            </Button>
          )}
        </div>
      )}
      <div ref={box}>
        {widgets.error && !widgets.data ? (
          <Failed error={widgets.error} what="The widgets" retry={() => void widgets.refetch()} />
        ) : !widgets.data ? (
          <div className="board-wait">
            <Lines n={5} />
          </div>
        ) : widgets.data.length === 0 ? (
          <Empty
            title="Nothing on this dashboard yet"
            actions={<Button onClick={() => setWizard({})}>Add widget</Button>}
          >
            A widget shows one thing: how runs end, where failures gather, how long builds take.
          </Empty>
        ) : (
          room.width > 0 && (
            <Grid
              layout={shown}
              editing={editing && beside === 12}
              unit={unit}
              title={titleOf}
              least={(w) => sizes(of.get(w)?.widget ?? '').least}
              change={arrange}
            >
              {card}
            </Grid>
          )
        )}
      </div>
      {wizard && <Wizard given={given} config={wizard.config} close={() => setWizard(null)} save={save} />}
      {naming === 'new' && <Naming project={project} close={() => setNaming('')} />}
      {naming === 'this' && <Naming project={project} board={board} close={() => setNaming('')} />}
      {naming === 'delete' && (
        <Modal variant="small" isOpen onClose={() => setNaming('')} aria-label="Delete dashboard">
          <ModalHeader title={`Delete “${board.title}”?`} titleIconVariant="warning" />
          <ModalBody>
            It goes for everybody in the project
            {widgets.data?.length
              ? `, with its ${widgets.data.length === 1 ? 'widget' : `${widgets.data.length} widgets`}`
              : ''}
            . Runs and results stay. You can take it back for a few seconds.
          </ModalBody>
          <ModalFooter>
            <Button variant="danger" onClick={() => void drop().catch(failed('The dashboard was not deleted'))}>
              Delete “{board.title}”
            </Button>
            <Button variant="link" onClick={() => setNaming('')}>
              Cancel
            </Button>
          </ModalFooter>
        </Modal>
      )}
    </div>
  );
}

function BoardMenu({
  boards,
  board,
  standard,
  base,
  search,
}: {
  boards: Dashboard[];
  board: Dashboard;
  standard: string | null;
  base: string;
  search: URLSearchParams;
}) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const away = (e: PointerEvent) => {
      if (!box.current?.contains(e.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, [open]);
  // What holds for all widgets goes along; the choices of single widgets do not.
  const along = new URLSearchParams([...search].filter(([k]) => ['days', 'env', 'component', 'refresh'].includes(k)));
  const found = boards
    .filter((b) => `${b.title} ${b.description ?? ''} ${b.id}`.toLowerCase().includes(text.toLowerCase()))
    .sort((a, b) => (a.title ?? '').localeCompare(b.title ?? ''));
  return (
    <div
      className="menu"
      ref={box}
      onKeyDown={(e) => {
        if (e.key === 'Escape') setOpen(false);
      }}
    >
      <button type="button" className="menu-button" aria-expanded={open} onClick={() => setOpen(!open)}>
        {boards.length} dashboards <span aria-hidden="true">▾</span>
      </button>
      {open && (
        <div className="menu-list">
          <input
            className="field"
            type="search"
            aria-label="Find a dashboard"
            placeholder="Find a dashboard"
            value={text}
            autoFocus
            onChange={(e) => setText(e.target.value)}
          />
          <ul className="plain-list">
            {found.map((b) => (
              <li key={b.id}>
                <Link
                  to={`${base}/dashboard/${b.id}${along.size ? `?${along}` : ''}`}
                  aria-current={b.id === board.id ? 'page' : undefined}
                  onClick={() => setOpen(false)}
                >
                  {b.title || 'Untitled'}
                  {b.id === standard && <span className="quiet"> · opens first</span>}
                  {b.description && <span className="quiet clip board-about">{b.description}</span>}
                </Link>
              </li>
            ))}
          </ul>
          {found.length === 0 && <p className="quiet pad">No dashboard is called “{text}”.</p>}
        </div>
      )}
    </div>
  );
}
