import { Link } from 'react-router';
import { address, filtersOf, held } from '../lib/ask';
import type { Filter } from '../lib/filter';
import { heat, heatRows, percent, wordOf, type Cell, type Trend } from '../lib/marks';
import { numbers, yesNo, type Context, type Kind, type Table } from './kind';

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

function HeatCell({ cell, name, base }: { cell: Cell | undefined; name: string; base: string }) {
  if (!cell || cell.percent == null)
    return (
      <td className="heat-none">
        <span title={`${name}${cell?.build ? ` did not run in build ${cell.build}` : ''}`}>
          <span aria-hidden="true">–</span>
          <span className="sr">not run</span>
        </span>
      </td>
    );
  const kind = heat(cell.percent);
  const notes = cell.notes.map((n) => `${n.name}: ${n.value}`).join(', ');
  const label = `${name}, ${percent(cell.percent)} % passed${notes ? `, ${notes}` : ''}`;
  const exactly = `${name}, ${cell.percent} % passed${notes ? `, ${notes}` : ''}`;
  return (
    <td className={`heat-${kind}${notes ? ' noted' : ''}`}>
      <Link to={`${base}/runs/${cell.run}`} title={exactly} aria-label={label}>
        {percent(cell.percent)}
        <Mark of={kind} />
      </Link>
    </td>
  );
}

const behind = (at: Context): Filter[] => [
  ...(at.params['job_name']
    ? [{ field: 'metadata.jenkins.job_name', operator: 'eq' as const, value: String(at.params['job_name']) }]
    : []),
  ...filtersOf(at.params),
  ...held(at.vars, at.now),
];

function Draw({ data, at, builds }: { data: Data; at: Context; builds: boolean }) {
  const rows = heatRows(data);
  const across = Math.max(...rows.map((r) => r.cells.length), 0);
  const heads = builds ? (rows.find((r) => r.cells.length === across)?.cells.map((c) => c.build) ?? []) : [];
  const field = String(at.params['group_field'] ?? 'component');
  return (
    <table className="heat" style={{ '--cells': across, '--rows': rows.length } as React.CSSProperties}>
      <caption className="sr">
        Share of passed tests in %, by {wordOf(field)}
        {builds ? ' and build' : ', oldest run first'}
      </caption>
      <thead>
        <tr>
          <th scope="col" className="quiet">
            {wordOf(field)}
          </th>
          <th scope="col">
            <span className="sr">Trend</span>
          </th>
          {builds
            ? heads.map((b) => (
                <th scope="col" key={b}>
                  <Link
                    to={address(`${at.base}/results`, [
                      {
                        field: 'metadata.jenkins.job_name',
                        operator: 'eq',
                        value: String(at.params['job_name'] ?? ''),
                      },
                      { field: 'metadata.jenkins.build_number', operator: 'eq', value: b },
                    ])}
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
                <Link
                  to={address(`${at.base}/runs`, [{ field, operator: 'eq', value: r.name }, ...behind(at)])}
                  title={r.name}
                >
                  {r.name}
                </Link>
              </th>
              <td className="trend-mark">
                {known && (
                  <span className={known[1]} title={r.trend!}>
                    {known[0]}
                    <span className="sr">{r.trend}</span>
                  </span>
                )}
              </td>
              {cells.map((c, i) => (
                <HeatCell
                  key={i}
                  cell={c}
                  name={`${r.name}${builds && c ? `, build ${c.build}` : ''}`}
                  base={at.base}
                />
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function table(data: Data, at: Context, builds: boolean): Table {
  const rows = heatRows(data);
  const across = Math.max(...rows.map((r) => r.cells.length), 0);
  const heads = builds
    ? (rows[0]?.cells.map((c) => `build ${c.build}`) ?? [])
    : Array.from({ length: across }, (_, i) => (i === across - 1 ? 'newest' : `${across - i}.`));
  return {
    columns: [wordOf(at.params['group_field']), 'trend', ...heads],
    rows: rows.map((r) => [
      r.name,
      r.trend ?? '–',
      ...Array.from({ length: across - r.cells.length }, () => '–'),
      ...r.cells.map((c) => (c.percent == null ? 'not run' : `${c.percent} %`)),
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
