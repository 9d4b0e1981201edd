import '../widgets/board.css';
import { Button } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { useProject } from '../frame';
import type { Dashboard, WidgetConfig } from '../lib/api';
import { narrow, variables } from '../lib/board';
import { widgetsOf } from '../lib/boards';
import { height, order, resize, step } from '../lib/grid';
import { useAddress } from '../parts/address';
import { useKeys } from '../parts/keys';
import { ActionMenu, Glyph } from '../parts/menu';
import { Empty, Failed, Lines, useTitle } from '../parts/states';
import { WidgetCard, type Given } from '../widgets/card';
import { Grid } from '../widgets/grid';
import { sizes } from '../widgets/kinds';
import { useSize } from '../widgets/size';
import { Wizard } from '../widgets/wizard';
import { useBoard, useWidgets } from './changes';
import { download, useImport } from './file';
import { useLayout } from './layout';
import { Deleting, Naming } from './naming';
import { BoardMenu } from './switch';
import { VariableBar, wordOf } from './variables';

/** useTick is the time, anew after each so many ms. */
function useTick(ms: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), ms);
    return () => clearInterval(timer);
  }, [ms]);
  return now;
}

type Put = ReturnType<typeof useAddress>['put'];

/** useWall shows a dashboard alone on the screen, and leaves that with the browser's full screen. */
function useWall(tv: boolean, put: Put) {
  useEffect(() => {
    document.documentElement.classList.toggle('tv', tv);
    if (!tv) return;
    const change = () => {
      if (!document.fullscreenElement) put({ tv: null });
    };
    document.addEventListener('fullscreenchange', change);
    return () => {
      document.documentElement.classList.remove('tv');
      document.removeEventListener('fullscreenchange', change);
    };
  }, [tv]); // eslint-disable-line react-hooks/exhaustive-deps
  return {
    enter: () => {
      put({ tv: '1', edit: null }, false);
      void document.documentElement.requestFullscreen?.().catch(() => {});
    },
    leave: () => {
      put({ tv: null }, false);
      if (document.fullscreenElement) void document.exitFullscreen();
    },
  };
}

const paceOf = (asked: string, tv: boolean): string => (/^\d{1,5}$/.test(asked) ? asked : tv ? '60' : '');

/** Board is a dashboard: its widgets in their places, and what can be done with them. */
export function Board({ board, boards, standard }: { board: Dashboard; boards: Dashboard[]; standard: string | null }) {
  const { project, base } = useProject();
  const id = board.id!;
  const { params: address, get, put } = useAddress();
  const vars = useMemo(() => variables(address), [address]);
  const tv = get('tv') === '1';
  const editing = get('edit') === '1' && !tv;
  const pace = paceOf(get('refresh'), tv);
  const tick = useTick(20000);
  const hour = Math.floor(tick / 3600000);
  const now = useMemo(() => new Date(hour * 3600000), [hour]);
  const given: Given = { project, base, vars, now, renew: Number(pace) >= 5 ? Number(pace) * 1000 : false };
  const widgets = useQuery({ queryKey: ['widgets', id], queryFn: ({ signal }) => widgetsOf(id, signal) });
  const all = useMemo(() => widgets.data ?? [], [widgets.data]);
  const { layout, arrange, undo, undoable, saving, done } = useLayout(board, all);
  const change = useWidgets(id, all, () => arrange(layout, false));
  const whole = useBoard(board, standard === id);
  const take = useImport(project);
  const wall = useWall(tv, put);
  const [wizard, setWizard] = useState<{ config?: WidgetConfig } | null>(null);
  const [asking, ask] = useState<'' | 'new' | 'this' | 'delete'>('');
  const [box, room] = useSize<HTMLDivElement>();
  useTitle(board.title || 'Dashboard');

  const edit = (on: boolean) => {
    if (!on) done();
    put({ edit: on ? '1' : null });
  };
  useKeys({
    a: () => setWizard({}),
    e: () => edit(!editing),
    F: () => (tv ? wall.leave() : wall.enter()),
    Escape: () => {
      if (tv) wall.leave();
      else if (editing && !wizard && !asking) edit(false);
    },
    ...(editing && { u: undo }),
  });

  const beside: 12 | 2 | 1 = room.width === 0 || room.width >= 860 ? 12 : room.width >= 560 ? 2 : 1;
  const shown = beside === 12 ? layout : narrow(layout, beside);
  const rows = height(shown);
  // On a wall everything is to be seen at once, where that leaves enough to see.
  const unit = tv && rows > 0 ? Math.max(44, Math.floor((window.innerHeight - 78) / rows) - 12) : 64;
  const of = new Map(all.map((w) => [w.id!, w]));
  const leastOf = (w: string) => sizes(of.get(w)?.widget ?? '').least;

  const card = (w: string, head: ReactNode) => {
    const config = of.get(w)!;
    const setting = (name: string) => `w.${w.slice(0, 8)}.${name}`;
    const over = Object.fromEntries(
      [...address].filter(([k]) => k.startsWith(setting(''))).map(([k, v]) => [k.slice(setting('').length), v]),
    );
    const table = over['as'] === 'table';
    const size = (dw: number, dh: number) => {
      const p = layout[w]!;
      arrange(resize(layout, w, { w: p.w + dw, h: p.h + dh }, leastOf(w)));
    };
    const actions = [
      { label: 'Numbers as a table', checked: table, run: () => put({ [setting('as')]: table ? null : 'table' }) },
      { label: 'Edit…', run: () => setWizard({ config }) },
      { label: 'Duplicate', run: () => change.duplicate(config) },
      { label: 'Move earlier', run: () => arrange(step(layout, w, -1)), disabled: order(layout)[0] === w },
      { label: 'Move later', run: () => arrange(step(layout, w, 1)), disabled: order(layout).at(-1) === w },
      editing && beside === 12 && { label: 'Wider', run: () => size(1, 0) },
      editing && beside === 12 && { label: 'Narrower', run: () => size(-1, 0) },
      editing && { label: 'Taller', run: () => size(0, 1) },
      editing && { label: 'Less tall', run: () => size(0, -1) },
      { label: 'Delete', danger: true, run: () => change.remove(config) },
    ];
    return (
      <WidgetCard
        config={config}
        given={given}
        over={over}
        tick={tick}
        head={head}
        set={(n, v) => put({ [setting(n)]: v })}
        actions={
          !tv && (
            <ActionMenu
              label={`Actions of ${config.title || 'Untitled'}`}
              face={<Glyph of="more" />}
              actions={actions}
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
        {tv ? (
          <>
            <span className="quiet">{wordOf.variables(vars)}</span>
            <span className="spring" />
            <span className="quiet">
              {new Date(tick).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })}, renewed{' '}
              {wordOf.pace(pace)}
            </span>
            <Button size="sm" variant="link" onClick={wall.leave}>
              Leave full screen
            </Button>
          </>
        ) : (
          <>
            {boards.length > 1 && (
              <BoardMenu boards={boards} board={board} standard={standard} base={base} search={address} />
            )}
            <span className="spring" />
            <Button size="sm" variant={editing ? 'secondary' : 'primary'} onClick={() => setWizard({})} title="a">
              Add widget
            </Button>
            <Button
              size="sm"
              variant={editing ? 'primary' : 'secondary'}
              aria-pressed={editing}
              isDisabled={all.length === 0}
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
                { label: 'Full screen', run: wall.enter },
                { label: 'New dashboard…', run: () => ask('new') },
                { label: 'Title and description…', run: () => ask('this') },
                { label: 'Duplicate', run: () => whole.duplicate(all, layout) },
                standard !== id && { label: 'Open first in this project', run: whole.makeStandard },
                { label: 'Export as JSON', run: () => download(board, all, layout) },
                { label: 'Import from JSON…', run: take.choose },
                { label: 'Delete…', danger: true, run: () => ask('delete') },
              ]}
            />
          </>
        )}
      </div>
      {take.input}
      {!tv && board.description && <p className="quiet">{board.description}</p>}
      {!tv && <VariableBar project={project} vars={vars} pace={pace} put={put} />}
      {editing && <EditBar wide={beside === 12} saving={saving} undo={undoable ? undo : undefined} />}
      <div ref={box}>
        {widgets.error && !widgets.data ? (
          <Failed error={widgets.error} what="The widgets" retry={() => void widgets.refetch()} />
        ) : !widgets.data ? (
          <div className="board-wait">
            <Lines n={5} />
          </div>
        ) : all.length === 0 ? (
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
              title={(w) => of.get(w)?.title || 'Untitled'}
              least={leastOf}
              change={arrange}
            >
              {card}
            </Grid>
          )
        )}
      </div>
      {wizard && (
        <Wizard
          given={given}
          config={wizard.config}
          close={() => setWizard(null)}
          save={async (config) => {
            await change.save(config);
            setWizard(null);
          }}
        />
      )}
      {asking === 'new' && <Naming project={project} close={() => ask('')} />}
      {asking === 'this' && <Naming project={project} board={board} close={() => ask('')} />}
      {asking === 'delete' && (
        <Deleting title={board.title ?? ''} widgets={all.length} drop={whole.remove} close={() => ask('')} />
      )}
    </div>
  );
}

const savingWords = { '': '', saving: 'Saving…', saved: '✓ Saved', failed: '✕ Not saved' };

/** EditBar says how a layout is changed, and whether the server has it. */
function EditBar({
  wide,
  saving,
  undo,
}: {
  wide: boolean;
  saving: keyof typeof savingWords;
  undo: (() => void) | undefined;
}) {
  return (
    <div className="edit-bar" role="status">
      <span>
        {wide
          ? 'Drag a widget by its dots, resize it at its corner. By keyboard: Tab to the dots, arrows move, Shift and arrows resize.'
          : 'On a wider screen widgets can be dragged. Here their menus move and resize them.'}
      </span>
      <span className="spring" />
      <span className={saving === 'failed' ? 'text-failed' : 'quiet'}>{savingWords[saving]}</span>
      {undo && (
        <Button size="sm" variant="link" onClick={undo} title="u">
          Undo
        </Button>
      )}
    </div>
  );
}
