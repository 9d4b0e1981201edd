import { count } from '../lib/format';
import { percent } from '../lib/marks';
import { Icon } from '../parts/outcome';
import type { Context, Kind } from './kind';

type Data = ({ x: string; y: number; ratio: number } | { total: number })[] | null;

const parts = (d: Data): [string, number, number][] =>
  Array.isArray(d) ? d.flatMap((p) => ('x' in p ? [[p.x, p.y, p.ratio] as [string, number, number]] : [])) : [];
const stateOf = (name: string): string => (name === 'passes' ? 'passed' : 'failed');

/** Checks shows how many accessibility checks passed, and how many found something. */
export function Checks({ rows }: { rows: [string, number, number][] }) {
  return (
    <ul className="plain-list hbars counts">
      {rows.map(([name, n, ratio]) => (
        <li key={name}>
          <span className="hbar-name">
            <span className={`text-${stateOf(name)}`}>
              <Icon state={stateOf(name)} />
            </span>{' '}
            {name}
          </span>
          <span className="hbar open">
            {n > 0 && <span className={`fill-${stateOf(name)}`} style={{ width: `${Math.max(0.5, ratio)}%` }} />}
          </span>
          <span className="hbar-end">
            <b>{count(n)}</b>
            <span className="quiet share">{percent(ratio)} %</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

const runs = (at: Context): string[] => {
  const v = at.params['run_list'];
  return Array.isArray(v) ? v.map(String) : v ? String(v).split(',') : [];
};

export const accessibilityBarChart: Kind<Data> = {
  size: { w: 4, h: 3 },
  least: { w: 3, h: 2 },
  filters: null,
  controls: [],
  empty: (d) => parts(d).length === 0,
  hint: 'None of these runs has an artifact axe_run_data.yaml with passes and violations.',
  Draw: ({ data }) => <Checks rows={parts(data)} />,
  table: (d) => ({
    columns: ['Checks', 'Number', 'Share'],
    rows: parts(d).map(([name, n, ratio]) => [name, n, `${ratio} %`]),
  }),
  list: (at) =>
    runs(at).length === 1 ? `${at.base}/runs/${runs(at)[0]}` : `${at.base}/runs?id=[in]${runs(at).join(';')}`,
};
