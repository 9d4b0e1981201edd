import { Button } from '@patternfly/react-core';
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { Link, useLocation, useNavigate } from 'react-router';
import { useProject } from '../frame';
import type { Result } from '../lib/api';
import { count } from '../lib/format';
import { everything, most } from '../lib/everything';
import { forProject } from '../lib/filter';
import { meta } from '../lib/runs';
import { trail } from '../lib/trail';
import { Assign } from './assign';
import { classes, ClassifyBar, useDecide } from './classify';
import { ColumnChooser, useColumns } from './columns';
import { FilterLine } from './filterline';
import { says } from './form';
import { useKeys } from './keys';
import { resultColumns, Total, useFilters, useOrder, Newer, useSparse, usualResultColumns } from './lists';
import { ListTools } from './listtools';
import { Rows } from './rows';
import { Busy, Empty, Failed, Lines } from './states';
import { useToast } from './toast';

interface Props {
  /** Only the results of this run. */
  run?: string;
  /** What stands before the number of results. */
  head?: ReactNode;
  /** What the way back to the list is called. */
  title: string;
}

/** What all results of a run share, so that a list of them does not say it. */
const ofRun = ['Component', 'Env', 'Source'];
const sharedOfRun = ['component', 'env', 'source', 'job', 'build', 'run'];
const usualOfRun = usualResultColumns.filter((name) => !ofRun.includes(name));

/** ResultList is a list of results as the address filters and sorts it: of a project, or of one of its runs. */
export function ResultList({ run, head, title }: Props) {
  const { project, base } = useProject();
  const go = useNavigate();
  const [filters, change, narrow] = useFilters();
  const [selected, select] = useState<Map<string, Result>>(new Map());
  const kind = run ? 'run-result' : 'result';
  const all = useMemo(
    () => resultColumns(base, narrow).filter((c) => !run || !ofRun.includes(c.name)),
    [base, narrow, run],
  );
  const usual = run ? usualOfRun : usualResultColumns;
  const { columns, chosen, choose } = useColumns(kind, all, usual, narrow);
  const { orderBy, sort, sorted } = useOrder(columns);
  const filter = [...forProject(project, filters), ...(run ? [`run_id=${run}`] : [])];
  const list = useSparse<'results', Result>('/result', 'results', filter, orderBy, selected.size > 0);
  const focused = useRef<Result | undefined>(undefined);
  const bar = useRef<HTMLDivElement>(null);
  const { decide } = useDecide();
  const pick = (ids: Set<string>) => {
    const next = new Map<string, Result>();
    for (const id of ids) if (selected.has(id)) next.set(id, selected.get(id)!);
    for (let i = 0; i < list.total && next.size < ids.size; i++) {
      const r = list.row(i);
      if (r && ids.has(r.id!)) next.set(r.id!, r);
    }
    select(next);
  };
  const here = useLocation();
  const { row, total } = list;
  // What is loaded of the list is what [ and ] of a result keep to.
  useEffect(() => {
    const ids = Array.from({ length: Math.min(total, 1000) }, (_, i) => row(i)?.id).filter((id) => id !== undefined);
    if (ids.length) trail.keep({ title, back: here.pathname + here.search + here.hash, ids });
  }, [total, list.fetching, here]); // eslint-disable-line react-hooks/exhaustive-deps
  // What the keys do without a selection, they do to the row that they have come to.
  useKeys(
    selected.size
      ? {}
      : {
          a: () => {
            const r = focused.current;
            if (!r) return;
            flushSync(() => select(new Map([[r.id!, r]])));
            bar.current?.querySelector('input')?.focus();
          },
          ...Object.fromEntries(
            classes.map(([key, value]) => [
              `c ${key}`,
              () => {
                if (focused.current) void decide('classification', [focused.current], value);
              },
            ]),
          ),
        },
  );
  const actions = (r: Result) => {
    const only = (field: string, value: string | null | undefined, name: string) =>
      value
        ? [
            { label: `Only ${name} ${value}`, run: () => narrow({ field, operator: 'eq', value }) },
            { label: `Without ${name} ${value}`, run: () => narrow({ field, operator: 'ne', value }) },
          ]
        : [];
    return [
      { label: 'Open', to: `${base}/results/${r.id}` },
      !run && { label: 'Its run', to: `${base}/runs/${r.run_id}` },
      { label: 'The test over time', to: `${base}/test?q=${encodeURIComponent(r.test_id ?? '')}` },
      { label: 'Copy the test’s name', run: () => void navigator.clipboard.writeText(r.test_id ?? '') },
      ...only('result', r.result, 'result'),
      ...only('metadata.exception_name', meta(r, 'exception_name'), 'exception'),
      ...only('env', r.env, 'environment'),
    ];
  };
  return (
    <>
      <div className="heading">
        {head}
        {list.first.data && <Total n={list.total} what="result" />}
        <span className="spring" />
        <ColumnChooser list={kind} names={all.map((c) => c.name)} chosen={chosen} choose={choose} />
        <ListTools
          path="/result"
          kind="results"
          filter={filter}
          orderBy={orderBy}
          columns={columns}
          total={list.total}
        />
      </div>
      <FilterLine
        kind="result"
        project={project}
        filters={filters}
        change={(f) => {
          select(new Map());
          change(f);
        }}
        shared={run ? sharedOfRun : undefined}
      />
      <Busy on={list.fetching} />
      {selected.size > 0 && (
        <div className="bulk" ref={bar}>
          <ClassifyBar
            results={[...selected.values()]}
            label={`${count(selected.size)} selected:`}
            clear={() => select(new Map())}
          />
          <Assign results={[...selected.values()]} />
          {selected.size < Math.min(list.total, most) && (
            <SelectAll total={list.total} filter={filter} orderBy={orderBy} select={select} />
          )}
        </div>
      )}
      {list.first.error ? (
        <Failed error={list.first.error} what="Results" retry={list.renew} />
      ) : list.first.isPending ? (
        <Lines />
      ) : list.total === 0 ? (
        <Empty
          title={filters.length ? 'No result is like this' : 'No results yet'}
          actions={
            filters.length > 0 ? (
              <Button variant="link" onClick={() => change([])}>
                Clear all filters
              </Button>
            ) : (
              <Link to={`${base}/start`}>How to push the first run</Link>
            )
          }
        />
      ) : (
        <>
          <Newer n={list.newer} what="result" show={list.renew} />
          <Rows
            list={list.key}
            label={run ? 'Results of the run' : 'Results'}
            columns={columns}
            total={list.total}
            row={list.row}
            id={(r) => r.id!}
            range={list.look}
            selected={new Set(selected.keys())}
            select={pick}
            sort={sorted}
            onSort={sort}
            actions={actions}
            focused={(r) => {
              focused.current = r;
            }}
            open={(r) => void go(`${base}/results/${r.id}`)}
          />
        </>
      )}
    </>
  );
}

/** SelectAll selects all that match the filter, seen or not, up to a bound. */
function SelectAll({
  total,
  filter,
  orderBy,
  select,
}: {
  total: number;
  filter: string[];
  orderBy: string;
  select: (all: Map<string, Result>) => void;
}) {
  const toast = useToast();
  const [progress, setProgress] = useState('');
  const run = async () => {
    try {
      const rows = await everything<'results', Result>(
        '/result',
        'results',
        { filter, ...(orderBy && { orderBy }) },
        (n, of) => setProgress(`${count(n)} of ${count(of)}…`),
      );
      select(new Map(rows.map((r) => [r.id!, r])));
    } catch (e) {
      toast('Not all could be selected', { kind: 'danger', body: says(e) });
    }
    setProgress('');
  };
  return (
    <Button size="sm" variant="link" isDisabled={!!progress} onClick={() => void run()}>
      {progress ||
        (total > most ? `Select the first ${count(most)} that match` : `Select all ${count(total)} that match`)}
    </Button>
  );
}
