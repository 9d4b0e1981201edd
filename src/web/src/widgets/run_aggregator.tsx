import { Link } from 'react-router';
import { address, filtersOf, held, resultsOf } from '../lib/ask';
import type { Filter } from '../lib/filter';
import { count } from '../lib/format';
import { drawnStates, numberOf, percent, stacks, wordOf, type ByState } from '../lib/marks';
import { Icon } from '../parts/outcome';
import { groups, numbers, type Context, type Kind } from './kind';
import { useMore } from './more';

function behind(at: Context, name?: string): Filter[] {
  const days = at.vars.days || String(7 * numberOf(at.params, 'weeks', 4));
  const field = String(at.params['group_field'] ?? 'component');
  return [
    ...(name === undefined ? [] : [{ field, operator: 'eq' as const, value: name }]),
    ...filtersOf(at.params),
    ...held({ ...at.vars, days }, at.now),
  ];
}

function Draw({ data, at }: { data: ByState; at: Context }) {
  const all = stacks(data).sort((a, b) => a.counts.passed - b.counts.passed || a.name.localeCompare(b.name));
  const [shown, more] = useMore(all.length, 100, `of ${count(all.length)}, which did better`);
  const rows = all.slice(0, shown);
  const toState = (name: string, state: string) => resultsOf(at.base, behind(at, name), state);
  return (
    <>
      <ul
        className={`plain-list hbars${at.width < 340 ? ' tight' : ''}`}
        style={{ '--rows': rows.length } as React.CSSProperties}
      >
        {rows.map((row) => (
          <li key={row.name}>
            <Link className="hbar-name" to={address(`${at.base}/runs`, behind(at, row.name))} title={row.name}>
              {row.name}
            </Link>
            <span className="hbar">
              {drawnStates
                .toReversed()
                .filter((s) => row.counts[s] > 0)
                .map((s) => (
                  <Link
                    key={s}
                    tabIndex={-1}
                    to={toState(row.name, s)}
                    className={`fill-${s}`}
                    style={{ flexGrow: row.counts[s] }}
                    title={`${row.name}: ${row.counts[s]} % ${s}`}
                    aria-label={`${row.name}: ${row.counts[s]} % ${s}`}
                  />
                ))}
            </span>
            <span className="hbar-end">
              <b>{percent(row.counts.passed)} %</b>
              <span className="tally">
                {(['failed', 'error'] as const)
                  .filter((s) => row.counts[s] > 0)
                  .map((s) => (
                    <Link key={s} to={toState(row.name, s)} className={`text-${s}`} title={`${row.counts[s]} % ${s}`}>
                      <Icon state={s} /> {row.counts[s]}
                      <span className="sr">
                        {' '}
                        % {s}, {row.name}
                      </span>
                    </Link>
                  ))}
              </span>
            </span>
          </li>
        ))}
      </ul>
      {more}
    </>
  );
}

export const runAggregator: Kind<ByState> = {
  size: { w: 4, h: 4 },
  least: { w: 3, h: 2 },
  filters: 'run',
  controls: [
    { name: 'group_field', label: 'Group by', options: groups },
    { name: 'weeks', label: 'Weeks', options: numbers(1, 2, 3, 4, 5, 6) },
  ],
  empty: (d) => stacks(d).length === 0,
  hint: 'No run of this time has this field. Look back further, or group by another.',
  Draw,
  table: (d, at) => ({
    columns: [wordOf(at.params['group_field']), ...drawnStates.toReversed().map((s) => `${s} %`)],
    rows: stacks(d).map((r) => [r.name, ...drawnStates.toReversed().map((s) => r.counts[s])]),
  }),
  list: (at) => address(`${at.base}/runs`, behind(at)),
};
