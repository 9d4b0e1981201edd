import { Link } from 'react-router';
import { address, held } from '../lib/ask';
import { count } from '../lib/format';
import { heat, percent } from '../lib/marks';
import { Mark } from './heatmap';
import { numbers, yesNo, type Context, type Kind } from './kind';
import { useMore } from './more';
import { useNewest } from './size';

interface Cell {
  percentage: number | string;
  result_list: string[];
}
interface Component {
  component: string;
  bnums: string[];
  importances: string[];
  data: Record<string, Record<string, Cell | undefined> | undefined>;
}
interface Data {
  table_data?: Component[];
}

const share = (c: Cell | undefined): number | null =>
  c && typeof c.percentage === 'number' ? Math.round(c.percentage * 10000) / 100 : null;

function Draw({ data, at }: { data: Data; at: Context }) {
  const eq = (field: string, value: string) => ({ field, operator: 'eq' as const, value });
  const all = data.table_data ?? [];
  const [shown, more] = useMore(all.length, 20, `of ${count(all.length)} components`);
  const drawing = useNewest<HTMLDivElement>(all.reduce((most, t) => Math.max(most, t.bnums.length), 0));
  const env = at.vars.env || String(at.params['env'] ?? '');
  const job = eq('metadata.jenkins.job_name', String(at.params['job_name'] ?? ''));
  return (
    <>
      <div className="importances" ref={drawing} style={{ '--room': `${at.width}px` } as React.CSSProperties}>
        {all.slice(0, shown).map((t) => (
          <table className="heat" key={t.component} style={{ '--cells': t.bnums.length } as React.CSSProperties}>
            <caption>
              <span title={t.component}>{t.component}</span>
            </caption>
            <thead>
              <tr>
                <th scope="col" className="quiet">
                  importance
                </th>
                {t.bnums.map((b) => (
                  <th scope="col" key={b}>
                    <Link
                      to={address(`${at.base}/results`, [
                        job,
                        eq('metadata.jenkins.build_number', b),
                        eq('component', t.component),
                      ])}
                      aria-label={`Build ${b} of ${t.component}`}
                    >
                      {b}
                    </Link>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {t.importances.map((i) => (
                <tr key={i}>
                  <th scope="row">{i === 'null' ? 'none' : i}</th>
                  {t.bnums.map((b) => {
                    const cell = t.data[b]?.[i];
                    const p = share(cell);
                    if (p == null)
                      return (
                        <td key={b} className="heat-none">
                          <span title={`No ${i} test of ${t.component} in build ${b}`}>
                            <span aria-hidden="true">–</span>
                            <span className="sr">none</span>
                          </span>
                        </td>
                      );
                    const label = `${t.component}, ${i}, build ${b}: ${percent(p)} % of ${cell!.result_list.length} passed`;
                    const to = address(`${at.base}/results`, [
                      job,
                      eq('metadata.jenkins.build_number', b),
                      eq('component', t.component),
                      i === 'null'
                        ? { field: 'metadata.importance', operator: 'exists', value: 'false' }
                        : eq('metadata.importance', i),
                      ...(env ? [eq('env', env)] : []),
                      ...held({ days: '', env: '', component: '' }, at.now),
                    ]);
                    return (
                      <td key={b} className={`heat-${heat(p)}`}>
                        <Link to={to} title={label} aria-label={label}>
                          {percent(p)}
                          <Mark of={heat(p)} />
                        </Link>
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        ))}
      </div>
      {more}
    </>
  );
}

export const importanceComponent: Kind<Data> = {
  size: { w: 6, h: 5 },
  least: { w: 3, h: 3 },
  filters: null,
  controls: [
    { name: 'builds', label: 'Builds', options: numbers(3, 5, 6, 7, 10) },
    { name: 'count_skips', label: 'Skips are failures', options: yesNo },
  ],
  empty: (d) => !d.table_data?.length,
  hint: 'No result of this job has one of these components. Components are separated by commas; results say theirs, and metadata.importance.',
  Draw,
  table: (d) => {
    const all = d.table_data ?? [];
    const numbers = [...new Set(all.flatMap((t) => t.bnums))];
    return {
      columns: ['component', 'importance', ...numbers.map((b) => `build ${b}`)],
      rows: all.flatMap((t) =>
        t.importances.map((i) => [
          t.component,
          i,
          ...numbers.map((b) => {
            const p = share(t.data[b]?.[i]);
            return p == null ? '–' : `${p} %`;
          }),
        ]),
      ),
    };
  },
  list: (at) =>
    address(
      `${at.base}/results`,
      at.params['job_name']
        ? [{ field: 'metadata.jenkins.job_name', operator: 'eq', value: String(at.params['job_name']) }]
        : [],
    ),
};
