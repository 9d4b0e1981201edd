import { Link } from 'react-router';
import { address, filtersOf, forResults, held } from '../lib/ask';
import { count } from '../lib/format';
import type { Filter } from '../lib/filter';
import { drawnStates, percent, type DrawnState } from '../lib/marks';
import { Icon } from '../parts/outcome';
import type { Context, Kind } from './kind';
import { Ring } from './ring';

type Data = Partial<Record<DrawnState | 'total', number>>;

const onRuns = (at: Context): Filter[] => {
  const own = (['source', 'env'] as const).flatMap((field): Filter[] =>
    at.params[field] ? [{ field, operator: 'eq', value: String(at.params[field]) }] : [],
  );
  const job: Filter[] = at.params['job_name']
    ? [{ field: 'metadata.jenkins.job_name', operator: 'eq', value: String(at.params['job_name']) }]
    : [];
  return [...own, ...job, ...filtersOf(at.params), ...held(at.vars, at.now)];
};

function to(at: Context, state: DrawnState): string {
  const results = forResults(onRuns(at));
  return results
    ? address(`${at.base}/results`, [{ field: 'result', operator: 'eq', value: state }, ...results])
    : address(`${at.base}/runs`, onRuns(at));
}

function Draw({ data, at }: { data: Data; at: Context }) {
  const total = data.total ?? 0;
  const shown = drawnStates.filter((s) => (data[s] ?? 0) > 0);
  const ran = total - (data.skipped ?? 0);
  const beside = at.width > 300;
  const size = Math.max(
    90,
    Math.min(beside ? at.width * 0.45 : at.width, beside ? at.height : at.height - shown.length * 26, 220),
  );
  return (
    <div className={`summary${beside ? '' : ' below'}${at.width < 340 ? ' small' : ''}`}>
      <Ring
        size={size}
        parts={shown.map((s) => ({ key: s, state: s, n: data[s]!, to: to(at, s), label: `${count(data[s]!)} ${s}` }))}
        label={`${count(total)} tests`}
        middle={[
          ran > 0 ? `${percent((100 * ((data.passed ?? 0) + (data.xfailed ?? 0))) / ran)} %` : '–',
          // The share is of what ran; the list's shares are of all.
          ran < total ? `of ${count(ran)} that ran` : `of ${count(total)} ${total === 1 ? 'test' : 'tests'}`,
        ]}
      />
      <ul className="plain-list legend">
        {shown.map((s) => (
          <li key={s}>
            <Link to={to(at, s)}>
              <span className={`text-${s}`}>
                <Icon state={s} />
              </span>{' '}
              <span className="word">{s}</span>
              <b>{count(data[s]!)}</b>
              <span className="quiet share">{percent((100 * data[s]!) / total)} %</span>
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

export const resultSummary: Kind<Data> = {
  size: { w: 4, h: 4 },
  least: { w: 2, h: 3 },
  filters: 'run',
  controls: [],
  empty: (d) => !d.total,
  hint: 'No run of this time and these filters has results.',
  Draw,
  table: (d) => ({
    columns: ['Result', 'Tests', 'Share'],
    rows: [
      ...drawnStates.map((s): (string | number)[] => [
        s,
        d[s] ?? 0,
        d.total ? `${percent((100 * (d[s] ?? 0)) / d.total)} %` : '–',
      ]),
      ['total', d.total ?? 0, d.total ? '100 %' : '–'],
    ],
  }),
  list: (at) => address(`${at.base}/runs`, onRuns(at)),
};
