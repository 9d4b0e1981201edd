import { Button } from '@patternfly/react-core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import {
  memo,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  type FocusEvent,
  type ReactNode,
  type RefObject,
} from 'react';
import { Link, useSearchParams } from 'react-router';
import { useProject } from '../frame';
import { asked } from '../lib/asked';
import { compareAddress } from '../lib/compare';
import { fromAddress } from '../lib/filter';
import { count, duration, testName } from '../lib/format';
import { insight, type Change, type Series } from '../lib/insight';
import { useLater } from '../lib/later';
import type { Ask } from '../lib/page';
import { passRate, seriesTitle } from '../lib/runs';
import { inOrder, looks, since } from '../lib/triage';
import { usePage } from '../parts/address';
import { Aside } from '../parts/aside';
import { Assign, Decide } from '../parts/assign';
import { ClassifyBar } from '../parts/classify';
import { Past, Said, Took, usePast, useResult } from '../parts/failure';
import { FilterLine } from '../parts/filterline';
import { Pages } from '../parts/form';
import { Bookmarks } from '../parts/saved';
import { useKeys, useStops } from '../parts/keys';
import { TestName, useFilters } from '../parts/lists';
import { Bar, Outcome, Spark } from '../parts/outcome';
import { Busy, Copy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import './triage.css';

type Kind = Extract<Change, 'newly_failing' | 'still_failing' | 'fixed'>;

const kinds: Record<Kind, { sign: string; word: string; style: string }> = {
  newly_failing: { sign: '▲', word: 'new', style: 'text-failed' },
  still_failing: { sign: '■', word: 'still failing', style: 'text-error' },
  fixed: { sign: '▼', word: 'fixed', style: 'text-passed' },
};

/** Where j and k stop: at the first count of a series, at its run where nothing failed, and at the tests of a count that is open. */
const stops = '.serie-row .change:not(.change ~ .change), .serie-row:not(:has(.change)) h2 a, .test-line';

/** inSight is more rows than a screen shows: they are drawn first. */
const inSight = 30;

/** useChoice keeps in the address which count is open (RUN.KIND), and which of its results stands beside it. */
function useChoice() {
  const [params, setParams] = useSearchParams();
  const [open, shown] = [params.get('open') ?? '', params.get('shown') ?? ''];
  const choose = useCallback(
    (next: { open?: string; shown?: string }) =>
      setParams(
        (old) => {
          const to = new URLSearchParams(old);
          for (const [key, value] of Object.entries({ shown: '', ...next })) {
            if (value) to.set(key, value);
            else to.delete(key);
          }
          return to;
        },
        { replace: true },
      ),
    [setParams],
  );
  return { open, shown, choose };
}

/** useLook is when this browser last showed the project's triage; leaving the page is what counts. */
function useLook(project: string): number {
  const last = useMemo(() => looks.last(project), [project]);
  useEffect(() => {
    const leave = () => looks.now(project);
    addEventListener('pagehide', leave);
    return () => {
      removeEventListener('pagehide', leave);
      leave();
    };
  }, [project]);
  return last;
}

const leastOf = (params: URLSearchParams): number => Math.max(0, Math.floor(Number(params.get('least')) || 0));

/** How many builds the server answers on a page. */
const pageSize = 200;

const pageOf = (params: URLSearchParams): number => Math.max(1, Math.floor(Number(params.get('page'))) || 1);

export function Triage() {
  useTitle('Triage');
  const { project, base } = useProject();
  const [filters, change] = useFilters();
  const [params, setParams] = useSearchParams();
  const { open, shown, choose } = useChoice();
  const last = useLook(project);
  const least = leastOf(params);
  const found = useQuery({
    ...asked.triage(project, filters, leastOf(params), pageOf(params)),
    refetchInterval: 60000,
    placeholderData: keepPreviousData,
  });
  const series = useMemo(() => inOrder(found.data?.series ?? []), [found.data]);
  const drawn = useLater(series.length > 0) ? series : series.slice(0, inSight);
  const [run, kind] = open.split('.') as [string, Kind];
  const opened = kind in kinds ? series.find((s) => s.run === run) : undefined;
  const tests = useTests(project, opened, kind);
  const list = useRef<HTMLDivElement>(null);
  useStops(list, stops);
  // The test that the keys have come to is what is judged, until they leave it for a count.
  const [focused, setFocused] = useState('');
  const follow = useCallback((e: FocusEvent<HTMLElement>) => setFocused(e.target.dataset['result'] ?? ''), []);
  const close = useCallback(() => {
    list.current?.querySelector<HTMLElement>('.test-line.current')?.focus();
    choose({ open });
  }, [choose, open]);
  const toggle = useCallback((to: string) => choose({ open: open === to ? '' : to }), [choose, open]);
  if (found.error) return <Failed error={found.error} what="Runs" retry={() => void found.refetch()} />;
  return (
    <div className={shown ? 'with-aside' : ''}>
      <div className="triage">
        <div className="heading">
          <h1>Triage</h1>
          {found.data && <Summary series={series} last={last} />}
        </div>
        <Bookmarks />
        <div className="triage-filter">
          <FilterLine kind="run" project={project} filters={filters} change={change} />
          <label className="quiet">
            at least{' '}
            <input
              className="field"
              type="number"
              min={0}
              value={least || ''}
              placeholder="0"
              onChange={(e) =>
                setParams(
                  (old) => {
                    const next = new URLSearchParams(old);
                    if (Number(e.target.value) > 0) next.set('least', e.target.value);
                    else next.delete('least');
                    return next;
                  },
                  { replace: true },
                )
              }
            />{' '}
            failures
          </label>
        </div>
        <Busy on={found.isFetching} />
        {!found.data ? (
          <Lines />
        ) : series.length === 0 ? (
          filters.length || least || found.data.total > 0 ? (
            <Empty
              title="No run is like this"
              actions={
                <Button variant="link" onClick={() => setParams({})}>
                  Clear all filters
                </Button>
              }
            />
          ) : (
            <Empty title="No runs yet" actions={<Link to={`${base}/start`}>How to push the first run</Link>}>
              The newest build of each component, environment and job shows up here, with what changed.
            </Empty>
          )
        ) : (
          <div className="series" ref={list}>
            <div className="serie-row serie-head quiet" aria-hidden="true">
              <span>Newest of</span>
              <span>Outcome</span>
              <span className="pass">Pass</span>
              <span>New</span>
              <span title="Still failing">Still</span>
              <span>Fixed</span>
              <span>Judged</span>
              <span>Duration</span>
              <span className="age">Started</span>
            </div>
            {drawn.map((s) => (
              <Row
                key={s.run}
                series={s}
                base={base}
                fresh={last > 0 && Date.parse(s.start_time) > last}
                open={opened === s ? kind : null}
                toggle={toggle}
                follow={follow}
              >
                {opened === s && (
                  <Changed
                    series={s}
                    kind={kind}
                    base={base}
                    tests={tests}
                    shown={shown}
                    show={(id) => choose({ open, shown: id })}
                    focused={focused}
                    follow={follow}
                  />
                )}
              </Row>
            ))}
          </div>
        )}
        {found.data && drawn === series && series.length > 0 && found.data.total > series.length && (
          <OtherPages total={found.data.total} list={list} />
        )}
      </div>
      {shown && (
        <Beside
          id={shown}
          list={tests.data?.tests.map((t) => t.id) ?? []}
          show={(id) => choose({ open, shown: id })}
          close={close}
        />
      )}
    </div>
  );
}

Triage.ask = ((client, { project }, address) =>
  client.prefetchQuery(asked.triage(project, fromAddress(address), leastOf(address), pageOf(address)))) satisfies Ask;

/** OtherPages says how much of a long list is shown, and leads to the rest of it. */
function OtherPages({ total, list }: { total: number; list: RefObject<HTMLElement | null> }) {
  const [page, go] = usePage();
  const last = Math.min(total, page * pageSize);
  return (
    <>
      <p className="facts quiet">
        {count((page - 1) * pageSize + 1)}–{count(last)} of {count(total)} builds, the newest first. A filter, or a
        least number of failures, narrows the list.
      </p>
      <Pages
        page={page}
        total={total}
        size={pageSize}
        go={(to) => {
          go(to);
          list.current?.scrollIntoView();
        }}
      />
    </>
  );
}

const plural = (n: number, one: string, many = one + 's') => `${count(n)} ${n === 1 ? one : many}`;

/** Summary says what there is to do, and what of it came after somebody last looked. */
function Summary({ series, last }: { series: Series[]; last: number }) {
  const all = since(series, 0);
  const fresh = since(series, last);
  const state = all.failing ? (
    <span className="text-failed">{plural(all.failing, 'new failure')}</span>
  ) : (
    <span>nothing new is failing</span>
  );
  if (!last) return <p className="summary quiet">{state}</p>;
  const parts = [
    fresh.failing && plural(fresh.failing, 'new failure'),
    fresh.fixed && `${count(fresh.fixed)} fixed`,
    plural(fresh.builds, 'build'),
  ].filter(Boolean);
  return (
    <p className="summary quiet">
      {state} · {fresh.builds ? parts.join(', ') : 'nothing came in'} since your last look (
      <Time at={new Date(last).toISOString()} />)
    </p>
  );
}

function OneRow({
  series: s,
  base,
  fresh,
  open,
  toggle,
  follow,
  children,
}: {
  series: Series;
  base: string;
  fresh: boolean;
  open: Kind | null;
  /** Opens and closes a count of a build: RUN.KIND. */
  toggle: (open: string) => void;
  follow: (e: FocusEvent<HTMLElement>) => void;
  children: ReactNode;
}) {
  const counts = { ...s.counts, total: s.counts.tests };
  const p = passRate(counts);
  const job = s.job ? (s.build ? `${s.job} #${s.build}` : s.job) : '';
  const place = [s.component, s.env].filter(Boolean).join(' · ');
  const title = place || job || seriesTitle(s);
  const more = [place && job, s.runs.length > 1 && plural(s.runs.length, 'run')].filter(Boolean).join(' · ');
  const number = (kind: Kind) => {
    const { sign, word, style } = kinds[kind];
    return s[kind] > 0 ? (
      <button
        type="button"
        className={`change ${style}`}
        aria-expanded={open === kind}
        aria-label={`${count(s[kind])} ${word} in ${seriesTitle(s)}`}
        onClick={() => toggle(`${s.run}.${kind}`)}
      >
        <span aria-hidden="true">{sign}</span> {count(s[kind])} <span className="change-word">{word}</span>
      </button>
    ) : (
      <span className="quiet none" aria-hidden="true">
        –
      </span>
    );
  };
  return (
    <section className={`serie${open ? ' open' : ''}`}>
      <div className="serie-row" onFocus={follow}>
        <h2>
          {fresh && <span className="fresh" role="img" aria-label="Came in after your last look" />}
          <Link to={`${base}/runs/${s.run}`}>{title}</Link>
          {more && <span className="quiet clip">{more}</span>}
        </h2>
        <Bar counts={counts} />
        <span className="pass">{p == null ? '–' : `${p} %`}</span>
        {number('newly_failing')}
        {number('still_failing')}
        {number('fixed')}
        <Judged series={s} />
        <span className="trend">
          <Spark label={`Duration of the newest ${s.past.length} builds`} values={s.past.map((r) => r.duration ?? 0)} />{' '}
          <span className="quiet">{duration(s.duration)}</span>
        </span>
        <span className="age">
          <Time at={s.start_time} />
        </span>
      </div>
      {open && children}
    </section>
  );
}

/** A long list is not drawn anew because one of its rows is opened, or because it was asked for again. */
const Row = memo(OneRow);

/** Judged tells who looks at the failures, and how many wait. */
function Judged({ series: s }: { series: Series }) {
  const failing = s.newly_failing + s.still_failing > 0;
  const [first, ...others] = s.assignees;
  return (
    <span className="judged quiet" title={s.assignees.join(', ')}>
      {first && (
        <span className="clip">
          {first.replace(/@.*/, '')}
          {others.length > 0 && ` +${others.length}`}
        </span>
      )}
      {failing && (
        <span>
          {s.unclassified > 0 ? `${count(s.unclassified)} to judge` : <span className="text-passed">✓ all judged</span>}
        </span>
      )}
    </span>
  );
}

interface Test {
  id: string;
  test: string;
  result: string | null | undefined;
  duration?: number | null | undefined;
  assignee?: string | null | undefined;
}

const most = 200;

/** useTests lists the tests of a change. The first build of a series has nothing to compare with: there all that fails is new. */
function useTests(project: string, s: Series | undefined, kind: Kind) {
  return useQuery({
    queryKey: ['triage-tests', s?.runs, s?.previous_runs, kind, s?.[kind]],
    enabled: !!s,
    staleTime: 60000,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<{ tests: Test[]; more: number }> => {
      if (s!.previous) {
        const compared = await insight.compare(
          project,
          s!.runs,
          s!.previous_runs,
          { change: kind, pageSize: most },
          signal,
        );
        const tests = compared.tests.map((t) => {
          const side = (t.after ?? t.before)!;
          return { id: side.id, test: t.test_id, result: side.result, duration: side.duration };
        });
        return { tests, more: compared.counts[kind] - tests.length };
      }
      const answers = await Promise.all(s!.runs.map((run) => insight.failuresOf(project, run, signal)));
      const first = new Map<string, Test>();
      for (const r of answers.flatMap((a) => a.groups).flatMap((g) => g.results ?? []))
        if (r.test_id && !first.has(r.test_id)) first.set(r.test_id, { ...r, test: r.test_id });
      const tests = [...first.values()].sort((a, b) => a.test.localeCompare(b.test));
      return { tests: tests.slice(0, most), more: Math.max(0, tests.length - most) };
    },
  });
}

function Changed({
  series,
  kind,
  base,
  tests,
  shown,
  show,
  focused,
  follow,
}: {
  series: Series;
  kind: Kind;
  base: string;
  tests: ReturnType<typeof useTests>;
  shown: string;
  show: (id: string) => void;
  focused: string;
  follow: (e: FocusEvent<HTMLElement>) => void;
}) {
  if (tests.error) return <Failed error={tests.error} what="The tests" retry={() => void tests.refetch()} />;
  if (!tests.data || tests.isPlaceholderData) return <Lines n={Math.min(series[kind], 5)} />;
  const { tests: all, more } = tests.data;
  const one = all.filter((t) => t.id === focused);
  const judged = one.length ? one : all;
  return (
    <div className="changed">
      {kind !== 'fixed' && !shown && (
        <div className="changed-tools">
          <ClassifyBar results={judged} label={one.length ? 'This one:' : 'All of these:'} />
          <Assign results={judged} />
        </div>
      )}
      <ul className="plain-list">
        {all.map((t) => {
          const name = testName(t.test);
          return (
            <li key={t.id}>
              <button
                type="button"
                className={`test-line${t.id === shown ? ' current' : ''}`}
                aria-pressed={t.id === shown}
                data-result={t.id}
                onFocus={follow}
                onClick={() => show(t.id === shown ? '' : t.id)}
              >
                <Outcome state={t.result ?? undefined} />
                <span className="clip">
                  <span className="name">{name.name}</span>
                  {name.params && <span className="params">[{name.params}]</span>}{' '}
                  <span className="quiet path">{name.path}</span>
                </span>
                <span className="quiet">{duration(t.duration)}</span>
              </button>
            </li>
          );
        })}
      </ul>
      <p className="quiet changed-end">
        {more > 0 && `and ${count(more)} more. `}
        {series.previous ? (
          <Link to={compareAddress(base, series.previous_runs, series.runs)}>Compare with the build before</Link>
        ) : (
          'There is no build before: all that fails is new.'
        )}
      </p>
    </div>
  );
}

/** Beside shows a result in a panel, so that nobody leaves the list for it. */
function Beside({
  id,
  list,
  show,
  close,
}: {
  id: string;
  list: string[];
  show: (id: string) => void;
  close: () => void;
}) {
  const { project, base } = useProject();
  const result = useResult(id);
  const past = usePast(project, result.data);
  const at = list.indexOf(id);
  const step = (by: number) => {
    const to = list[at + by];
    if (at >= 0 && to) show(to);
  };
  useKeys({ '[': () => step(-1), ']': () => step(1) });
  const r = result.data;
  return (
    <Aside
      label="Failure"
      close={close}
      tools={
        <>
          <Button size="sm" variant="secondary" isDisabled={at <= 0} onClick={() => step(-1)} title="[">
            Previous
          </Button>
          <Button
            size="sm"
            variant="secondary"
            isDisabled={at < 0 || at === list.length - 1}
            onClick={() => step(1)}
            title="]"
          >
            Next
          </Button>
          {at >= 0 && (
            <span className="quiet">
              {at + 1} of {list.length}
            </span>
          )}
        </>
      }
    >
      {result.error ? (
        <Failed error={result.error} what="The result" retry={() => void result.refetch()} />
      ) : !r ? (
        <Lines />
      ) : (
        <>
          <h2 className="aside-title">
            <TestName id={r.test_id ?? id} to={`${base}/results/${id}`} />
            <Copy text={r.test_id ?? ''} label="Copy the test’s name" />
          </h2>
          <p className="facts">
            <Outcome state={r.result} />
            <Took seconds={r.duration} usual={past.data?.usual} />
            <Time at={r.start_time} />
          </p>
          {past.data ? <Past past={past.data} current={id} /> : <Lines n={1} />}
          <ClassifyBar results={[r]} label="Class" />
          <Decide results={[r]} />
          <Said result={r} />
          <p>
            <Link to={`${base}/results/${id}`}>Everything about it</Link>
          </p>
        </>
      )}
    </Aside>
  );
}
