import { Button, Label } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { asked } from '../lib/asked';
import { count, duration } from '../lib/format';
import type { FailureGroup } from '../lib/insight';
import { trail } from '../lib/trail';
import { Decide } from './assign';
import { classes, ClassifyBar, classWord, useDecide } from './classify';
import { useKeys } from './keys';
import { TestName } from './lists';
import { ActionMenu, Glyph } from './menu';
import { Outcome, Spark } from './outcome';
import { Empty, Failed, Lines, Time } from './states';

type Failure = NonNullable<FailureGroup['results']>[number];

/** A line that the keys j and k come to: a group, or a failure of one that is open. */
interface Stop {
  key: string;
  group: FailureGroup;
  failure?: Failure;
}

const step = 50;

const failuresOf = (g: FailureGroup): Failure[] => g.results ?? [];

/** useShown keeps how many failures of each group are shown. Few groups are open at once; many begin closed. */
function useShown(groups: FailureGroup[]) {
  const [shown, setShown] = useState<Map<string, number>>(new Map());
  const usual = (g: FailureGroup) =>
    groups.length <= 5 || failuresOf(g).length <= 3 ? Math.min(10, failuresOf(g).length) : 0;
  const of = (g: FailureGroup) => shown.get(g.fingerprint) ?? usual(g);
  const set = (g: FailureGroup, n: number) => setShown((old) => new Map(old).set(g.fingerprint, n));
  const setAll = (open: boolean) =>
    setShown(new Map(groups.map((g) => [g.fingerprint, open ? Math.min(10, failuresOf(g).length) : 0])));
  return { of, set, setAll };
}

/** Groups shows the failures of a run by what went wrong, and lets a group be judged as one. */
export function Groups({ run, project, base, failed }: { run: string; project: string; base: string; failed: number }) {
  const go = useNavigate();
  const found = useQuery(asked.failures(project, run, failed));
  const groups = useMemo(() => found.data?.groups ?? [], [found.data]);
  const shown = useShown(groups);
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const [focus, setFocus] = useState('');
  const list = useRef<HTMLDivElement>(null);
  const ids = useMemo(() => groups.flatMap((g) => failuresOf(g).map((f) => f.id)), [groups]);
  useEffect(() => {
    if (ids.length) trail.keep({ title: 'failures of the run', back: `${base}/runs/${run}`, ids });
  }, [ids, base, run]);
  const stops: Stop[] = groups.flatMap((group) => [
    { key: group.fingerprint, group },
    ...failuresOf(group)
      .slice(0, shown.of(group))
      .map((failure) => ({ key: failure.id, group, failure })),
  ]);
  const at = stops.findIndex((s) => s.key === focus);
  const here = stops[at];
  const move = (by: number) => {
    const next = stops[Math.max(0, Math.min(stops.length - 1, at + by))];
    if (!next) return;
    setFocus(next.key);
    list.current?.querySelector(`[data-stop="${next.key}"]`)?.scrollIntoView({ block: 'nearest' });
  };
  const toggle = (some: Failure[]) =>
    setChosen((old) => {
      const next = new Set(old);
      const on = some.every((f) => old.has(f.id));
      for (const f of some) {
        if (on) next.delete(f.id);
        else next.add(f.id);
      }
      return next;
    });
  const flip = (g: FailureGroup) => shown.set(g, shown.of(g) ? 0 : Math.min(10, failuresOf(g).length));
  const within = (e: KeyboardEvent) => (e.target as HTMLElement).closest('a,button,input,summary') !== null;
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    x: () => here && flip(here.group),
    Enter: (e) => {
      if (within(e)) (e.target as HTMLElement).click();
      else if (here?.failure) void go(`${base}/results/${here.failure.id}`);
      else if (here) flip(here.group);
    },
    ' ': (e) => {
      if (within(e)) (e.target as HTMLElement).click();
      else if (here) toggle(here.failure ? [here.failure] : failuresOf(here.group));
    },
  });
  if (found.error) return <Failed error={found.error} what="The failures" retry={() => void found.refetch()} />;
  if (!found.data) return <Lines />;
  if (groups.length === 0)
    return <Empty title="Nothing failed">Every test of this run that came in so far ended as it should.</Empty>;
  const all = groups.flatMap(failuresOf);
  // Without a choice, a decision is about the line with the focus.
  const picked = chosen.size
    ? all.filter((f) => chosen.has(f.id))
    : here?.failure
      ? [here.failure]
      : here
        ? failuresOf(here.group)
        : [];
  return (
    <div ref={list}>
      <div className="judge">
        {picked.length > 0 ? (
          <>
            <ClassifyBar
              results={picked}
              label={chosen.size ? `${count(picked.length)} selected:` : here?.failure ? 'This one:' : 'This group:'}
              {...(chosen.size > 0 && { clear: () => setChosen(new Set()) })}
            />
            <Decide results={picked} />
          </>
        ) : (
          <p className="quiet">
            {groups.length === 1 ? 'One thing' : `${count(groups.length)} things`} went wrong. <kbd>j</kbd> <kbd>k</kbd>{' '}
            move, <kbd>Space</kbd> selects, <kbd>c</kbd> and a letter classify, <kbd>a</kbd> assigns.
            <Button size="sm" variant="link" onClick={() => shown.setAll(!stops.some((s) => s.failure))}>
              {stops.some((s) => s.failure) ? 'Close all' : 'Open all'}
            </Button>
          </p>
        )}
      </div>
      {groups.map((g) => (
        <Group
          key={g.fingerprint}
          group={g}
          run={run}
          base={base}
          shown={shown.of(g)}
          show={(n) => shown.set(g, n)}
          chosen={chosen}
          toggle={toggle}
          focus={focus}
          setFocus={setFocus}
        />
      ))}
    </div>
  );
}

function Group({
  group: g,
  run,
  base,
  shown,
  show,
  chosen,
  toggle,
  focus,
  setFocus,
}: {
  group: FailureGroup;
  run: string;
  base: string;
  shown: number;
  show: (n: number) => void;
  chosen: Set<string>;
  toggle: (some: Failure[]) => void;
  focus: string;
  setFocus: (key: string) => void;
}) {
  const { decide } = useDecide();
  const all = failuresOf(g);
  const rest = all.length - shown;
  const judged = new Set(all.map((f) => f.classification ?? ''));
  const people = [...new Set(all.map((f) => f.assignee).filter((a): a is string => !!a))];
  return (
    <section className={`panel group${g.fingerprint === focus ? ' focus' : ''}`} data-stop={g.fingerprint}>
      <div className="group-head">
        <input
          type="checkbox"
          checked={all.length > 0 && all.every((f) => chosen.has(f.id))}
          onChange={() => toggle(all)}
          aria-label={`Select all ${g.exception}`}
        />
        <h2>
          <button
            type="button"
            className="folder"
            aria-expanded={shown > 0}
            onClick={() => {
              setFocus(g.fingerprint);
              show(shown ? 0 : Math.min(10, all.length));
            }}
          >
            <span aria-hidden="true">{shown ? '▾' : '▸'}</span> {g.exception}
          </button>
        </h2>
        <Label isCompact color="red">
          {count(g.count)}
        </Label>
        {g.first_run === run ? (
          <Label isCompact variant="outline" color="orange">
            new
          </Label>
        ) : (
          <span className="quiet">
            since <Time at={g.first_seen} />
          </span>
        )}
        {judged.size === 1 && !judged.has('') && <Label isCompact>{classWord([...judged][0]!)}</Label>}
        {people.length > 0 && <span className="quiet clip">{people.map((p) => p.replace(/@.*/, '')).join(', ')}</span>}
        <span className="spring" />
        <Spark label={`Failures like this on each of the last ${g.spark.length} days`} values={g.spark} />
        <ActionMenu
          label={`What to do with ${g.exception}`}
          face={<Glyph of="more" />}
          className="end"
          actions={classes.map(([, value, word]) => ({
            label: `Classify all as ${word.toLowerCase()}`,
            run: () => void decide('classification', all, value),
          }))}
        />
      </div>
      {g.message && (
        <p className="message">
          <code>{g.message}</code>
        </p>
      )}
      {shown > 0 && (
        <ul className="plain-list">
          {all.slice(0, shown).map((f) => (
            <li key={f.id} data-stop={f.id} className={`line-item${f.id === focus ? ' focus' : ''}`}>
              <input
                type="checkbox"
                aria-label={`Select ${f.test_id}`}
                checked={chosen.has(f.id)}
                onChange={() => toggle([f])}
              />
              <Outcome state={f.result} />
              <TestName id={f.test_id ?? f.id} to={`${base}/results/${f.id}`} />
              <span className="spring" />
              {f.note && (
                <span className="quiet clip noted" title={f.note}>
                  “{f.note}”
                </span>
              )}
              {f.assignee && <span className="quiet">{f.assignee.replace(/@.*/, '')}</span>}
              {f.classification && (
                <Label isCompact variant="outline">
                  {classWord(f.classification)}
                </Label>
              )}
              <span className="quiet took-text">{duration(f.duration)}</span>
            </li>
          ))}
        </ul>
      )}
      {shown > 0 && rest > 0 && (
        <Button size="sm" variant="link" isInline onClick={() => show(Math.min(all.length, shown + step))}>
          and {count(rest)} more
        </Button>
      )}
      {all.length < g.count && (
        <p className="quiet">{count(g.count - all.length)} more are in the list of all results.</p>
      )}
    </section>
  );
}
