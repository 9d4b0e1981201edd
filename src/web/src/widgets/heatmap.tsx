import { useQuery } from '@tanstack/react-query';
import { memo, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Link } from 'react-router';
import { api, type Run } from '../lib/api';
import { address, filtersOf, held, resultsOf } from '../lib/ask';
import type { Filter } from '../lib/filter';
import { ago, count } from '../lib/format';
import { heat, heatRows, percent, wordOf, worstFirst, type Cell, type HeatRow, type Trend } from '../lib/marks';
import { titleOf } from '../lib/runs';
import { numbers, yesNo, type Context, type Kind, type Table } from './kind';
import { useMore } from './more';
import { useNewest } from './size';

type Data = Parameters<typeof heatRows>[0];

const words: Record<NonNullable<Trend>, [string, string]> = {
  rising: ['▲', 'text-passed'],
  falling: ['▼', 'text-failed'],
  steady: ['▶', 'quiet'],
};

/** Mark says of a share of passed tests by a shape what its colour says. */
export const Mark = ({ of }: { of: ReturnType<typeof heat> }) => {
  const d = { full: 'M1.5 5.5 4 8l5-6', good: '', none: '', fair: 'M5 1.5v4.2M5 7.6v1.2', poor: 'M2 2l6 6M8 2 2 8' }[
    of
  ];
  return d ? (
    <svg className="heat-mark" viewBox="0 0 10 10" width="9" height="9" aria-hidden="true">
      <path d={d} fill="none" stroke="currentColor" strokeWidth="1.6" />
    </svg>
  ) : null;
};

/** useRun looks up the run that the pointer or the focus rests on: a cell has no room to say which one it is. */
function useRun() {
  const [id, setId] = useState('');
  const due = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(due.current), []);
  const look = useCallback((run: string) => {
    clearTimeout(due.current);
    due.current = setTimeout(() => setId(run), 120);
  }, []);
  const { data } = useQuery({
    queryKey: ['run', id],
    enabled: !!id,
    staleTime: 60000,
    queryFn: ({ signal }) => api.get<Run>(`/run/${id}`, {}, signal),
  });
  return { look, found: data?.id === id ? data : undefined };
}

interface CellProps {
  cell: Cell | undefined;
  name: string;
  to: string;
  look: (run: string) => void;
  /** What is known of its run. */
  said: string;
}

const HeatCell = memo(function HeatCell({ cell, name, to, look, said }: CellProps) {
  if (!cell || cell.percent == null)
    return (
      <td className="heat-none">
        <span role="img" aria-label="not run" title={`${name} did not run`}>
          –
        </span>
      </td>
    );
  const kind = heat(cell.percent);
  const notes = cell.notes.map((n) => `${n.name}: ${n.value}`);
  const says = (share: (n: number) => string) =>
    [
      name,
      ...(cell.runs > 1
        ? [
            `${count(cell.runs)} runs`,
            `${share(cell.percent!)} % passed together`,
            `${share(cell.newest!)} % in the newest`,
          ]
        : [`${share(cell.percent!)} % passed`]),
      ...notes,
    ].join(', ');
  return (
    <td className={`heat-${kind}${notes.length ? ' noted' : ''}`}>
      <Link
        to={to}
        title={says(String) + (said && `\n${said}`)}
        aria-label={says(percent)}
        onPointerEnter={() => look(cell.run)}
        onFocus={() => look(cell.run)}
      >
        {percent(cell.percent)}
        <Mark of={kind} />
        {cell.runs > 1 && <span className="times" data-times={count(cell.runs)} />}
      </Link>
    </td>
  );
});

const eq = (field: string, value: unknown): Filter => ({ field, operator: 'eq', value: String(value ?? '') });
const ofBuild = (at: Context, build: string): Filter[] => [
  eq('metadata.jenkins.job_name', at.params['job_name']),
  eq('metadata.jenkins.build_number', build),
];
const ofGroup = (field: string, row: HeatRow): Filter =>
  row.value === null ? { field, operator: 'exists', value: 'false' } : eq(field, row.value);

const behind = (at: Context): Filter[] => [
  ...(at.params['job_name'] ? [eq('metadata.jenkins.job_name', at.params['job_name'])] : []),
  ...filtersOf(at.params),
  ...held(at.vars, at.now),
];

/** How many cells are drawn before somebody asks for more. */
const mostCells = 1000;
const acrossOf = (rows: HeatRow[]): number => rows.reduce((most, r) => Math.max(most, r.cells.length), 0);

function Draw({ data, at, builds }: { data: Data; at: Context; builds: boolean }) {
  const all = useMemo(() => heatRows(data), [data]);
  const across = acrossOf(all);
  const few = Math.max(20, Math.floor(mostCells / Math.max(across, 10)));
  const [shown, more] = useMore(all.length, few, `of ${count(all.length)} rows, which did better last`);
  const rows = all.length > shown ? worstFirst(all).slice(0, shown) : all;
  const heads = builds ? (all.find((r) => r.cells.length === across)?.cells.map((c) => c.build) ?? []) : [];
  const field = String(at.params['group_field'] ?? 'component');
  const drawing = useNewest<HTMLTableElement>(`${across} ${rows.length}`);
  const { look, found } = useRun();
  const said = found ? `${titleOf(found)}, ${ago(found.start_time)}` : '';
  const to = (row: HeatRow, cell: Cell | undefined) =>
    cell && cell.runs > 1
      ? address(`${at.base}/runs`, [...ofBuild(at, cell.build), ofGroup(field, row), ...behind(at)])
      : `${at.base}/runs/${cell?.run}`;
  return (
    <>
      <table ref={drawing} className="heat" style={{ '--cells': across, '--rows': rows.length } as React.CSSProperties}>
        <caption className="sr">
          Share of passed tests in %, by {wordOf(field)}
          {builds ? ' and build' : ', oldest run first'}
        </caption>
        <thead>
          <tr>
            <th scope="col" className="quiet">
              {wordOf(field)}
            </th>
            {builds
              ? heads.map((b) => (
                  <th scope="col" key={b}>
                    <Link
                      to={resultsOf(at.base, [...ofBuild(at, b), ...behind(at)])}
                      title={`All results of build ${b}`}
                    >
                      {b}
                    </Link>
                  </th>
                ))
              : Array.from({ length: across }, (_, i) => (
                  <th scope="col" key={i} className="quiet">
                    {i === across - 1 ? 'newest' : i === 0 ? 'oldest' : <span className="sr">{across - i}</span>}
                  </th>
                ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => {
            const known = r.trend && words[r.trend];
            // The newest runs of all groups stand in one column.
            const cells = [...Array.from<undefined>({ length: across - r.cells.length }), ...r.cells];
            return (
              <tr key={r.name}>
                <th scope="row">
                  <span className="heat-name">
                    <Link to={address(`${at.base}/runs`, [ofGroup(field, r), ...behind(at)])} title={r.name}>
                      {r.name}
                    </Link>
                    {known && (
                      <span className={`trend-mark ${known[1]}`} title={r.trend!}>
                        {known[0]}
                        <span className="sr">{r.trend}</span>
                      </span>
                    )}
                  </span>
                </th>
                {cells.map((c, i) => (
                  <HeatCell
                    key={i}
                    cell={c}
                    name={`${r.name}${builds && c ? `, build ${c.build}` : ''}`}
                    to={to(r, c)}
                    look={look}
                    said={c && c.run === found?.id ? said : ''}
                  />
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
      {more}
    </>
  );
}

function table(data: Data, at: Context, builds: boolean): Table {
  const rows = heatRows(data);
  const across = acrossOf(rows);
  const heads = builds
    ? (rows[0]?.cells.map((c) => `build ${c.build}`) ?? [])
    : Array.from({ length: across }, (_, i) => (i === across - 1 ? 'newest' : `${across - i}.`));
  return {
    columns: [wordOf(at.params['group_field']), 'trend', ...heads],
    rows: rows.map((r) => [
      r.name,
      r.trend ?? '–',
      ...Array.from({ length: across - r.cells.length }, () => '–'),
      ...r.cells.map((c) =>
        c.percent == null ? 'not run' : `${c.percent} %${c.runs > 1 ? ` of ${count(c.runs)} runs` : ''}`,
      ),
    ]),
  };
}

const common = {
  size: { w: 6, h: 4 },
  least: { w: 3, h: 3 },
  filters: 'run' as const,
  empty: (d: Data) => heatRows(d).length === 0,
  list: (at: Context) => address(`${at.base}/runs`, behind(at)),
};

export const jenkinsHeatmap: Kind<Data> = {
  ...common,
  controls: [
    { name: 'builds', label: 'Builds', options: numbers(3, 5, 6, 7, 10) },
    { name: 'count_skips', label: 'Skips are failures', options: yesNo },
  ],
  hint: 'No build of this job has a run with this field. Is the name of the job right?',
  Draw: (p) => <Draw {...p} builds />,
  table: (d, at) => table(d, at, true),
};

export const filterHeatmap: Kind<Data> = {
  ...common,
  controls: [{ name: 'builds', label: 'Runs', options: numbers(3, 5, 6, 7, 10) }],
  hint: 'No run matches these filters and has this field.',
  Draw: (p) => <Draw {...p} builds={false} />,
  table: (d, at) => table(d, at, false),
};
