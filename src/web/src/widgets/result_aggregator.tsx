import { Link } from 'react-router';
import { address, filtersOf, held } from '../lib/ask';
import type { Filter } from '../lib/filter';
import { count } from '../lib/format';
import { numberOf, percent, wordOf } from '../lib/marks';
import { classWord } from '../parts/classify';
import { Icon } from '../parts/outcome';
import { groups, numbers, type Context, type Kind } from './kind';
import { useMore } from './more';

type Data = { _id: unknown; count: number }[];

const plain = (v: unknown): boolean => typeof v === 'string' || typeof v === 'number' || typeof v === 'boolean';
const shown = (v: unknown, field: string): string => {
  const text = v == null || v === '' ? 'none' : plain(v) ? String(v) : JSON.stringify(v);
  return /\.classification$/.test(field) ? classWord(text) : text;
};

function behind(at: Context, value?: unknown): Filter[] {
  const field = String(at.params['group_field'] ?? 'result');
  const run = String(at.params['run_id'] ?? '');
  const days = at.vars.days || (run && at.params['days'] == null ? '' : String(numberOf(at.params, 'days', 90)));
  return [
    ...(value === undefined
      ? [{ field, operator: 'exists' as const, value: 'true' }]
      : [{ field, operator: 'eq' as const, value: String(value) }]),
    ...(run ? [{ field: 'run_id', operator: 'eq' as const, value: run }] : []),
    ...filtersOf(at.params),
    ...held({ ...at.vars, days: Number(days) > 0 ? days : '' }, at.now),
  ];
}

function Draw({ data, at }: { data: Data; at: Context }) {
  const field = String(at.params['group_field'] ?? 'result');
  const states = field === 'result';
  const top = Math.max(...data.map((d) => d.count), 1);
  const total = data.reduce((n, d) => n + d.count, 0);
  const [most, more] = useMore(data.length, 100, `of ${count(data.length)}, which have fewer`);
  const few = data.slice(0, most);
  return (
    <>
      <ul
        className={`plain-list hbars counts${at.width < 340 ? ' tight' : ''}`}
        style={{ '--rows': few.length } as React.CSSProperties}
      >
        {few.map((d, i) => {
          const name = shown(d._id, field);
          const label = (
            <>
              {states && (
                <span className={`text-${name}`}>
                  <Icon state={name} />{' '}
                </span>
              )}
              {name}
            </>
          );
          return (
            <li key={i}>
              {plain(d._id) && d._id !== '' ? (
                <Link className="hbar-name" to={address(`${at.base}/results`, behind(at, d._id))} title={name}>
                  {label}
                </Link>
              ) : (
                <span className="hbar-name" title={name}>
                  {label}
                </span>
              )}
              <span className="hbar open">
                <span
                  className={states ? `fill-${name}` : 'fill-ink'}
                  style={{ width: `${Math.max(0.5, (100 * d.count) / top)}%` }}
                />
              </span>
              <span className="hbar-end">
                <b>{count(d.count)}</b>
                <span className="quiet share">{percent((100 * d.count) / total)} %</span>
              </span>
            </li>
          );
        })}
      </ul>
      {more}
    </>
  );
}

export const resultAggregator: Kind<Data> = {
  size: { w: 4, h: 4 },
  least: { w: 3, h: 2 },
  filters: 'result',
  controls: [
    {
      name: 'group_field',
      label: 'Group by',
      options: [
        ['result', 'result'],
        ...groups,
        ['metadata.exception_name', 'exception'],
        ['metadata.classification', 'class'],
        ['metadata.importance', 'importance'],
        ['source', 'source'],
      ],
    },
    { name: 'days', label: 'Days', options: numbers(3, 5, 10, 14, 90) },
  ],
  empty: (d) => !Array.isArray(d) || d.length === 0,
  hint: 'No result of this time has this field. Look back further, or count another.',
  Draw,
  table: (d, at) => {
    const field = String(at.params['group_field'] ?? 'result');
    return { columns: [wordOf(field), 'Results'], rows: d.map((r) => [shown(r._id, field), r.count]) };
  },
  list: (at) =>
    address(
      `${at.base}/results`,
      behind(at).filter((f) => f.operator !== 'exists' || f.field !== 'result'),
    ),
};
