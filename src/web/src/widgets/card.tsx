import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useId, type ReactNode } from 'react';
import { Link } from 'react-router';
import { api, APIError, type WidgetConfig } from '../lib/api';
import { analysisOf, faultAt, filtersOf, held, paramsOf, question, type Params } from '../lib/ask';
import type { Variables } from '../lib/board';
import { print } from '../lib/filter';
import { ago, exact } from '../lib/format';
import { Glyph } from '../parts/menu';
import { Lines } from '../parts/states';
import { kindOf } from './kinds';
import type { Context, Table } from './kind';
import { useMore } from './more';
import { useSize } from './size';

export interface Given {
  project: string;
  base: string;
  vars: Variables;
  now: Date;
  /** Milliseconds between two renewals, or never. */ renew: number | false;
}

/** useWidget asks for the data of a widget. */
export function useWidget(widget: string, params: Params, g: Given, enabled = true) {
  const q = question(widget, params, g.vars, g.project, g.now);
  const answer = useQuery({
    queryKey: ['widget', q.path, q.query],
    enabled: enabled && !!kindOf(widget),
    placeholderData: keepPreviousData,
    staleTime: 30000,
    refetchInterval: g.renew,
    refetchIntervalInBackground: false,
    retry: (n, e) => n < 2 && (!(e instanceof APIError) || e.status === 0 || e.status >= 502),
    // No content is an answer, too.
    queryFn: async ({ signal }) => ({ data: await api.get<unknown>(q.path, q.query, signal) }),
  });
  return { ...answer, ignores: q.ignores };
}

export function Numbers({ table, label }: { table: Table; label: string }) {
  const [shown, more] = useMore(table.rows.length, 500, 'rows');
  return (
    <div className="numbers" tabIndex={0} role="region" aria-label={`Numbers of ${label}`}>
      <table className="plain">
        <thead>
          <tr>
            {table.columns.map((c, i) => (
              <th key={i} scope="col" className={i ? 'right' : ''}>
                {c}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.slice(0, shown).map((r, i) => (
            <tr key={i}>
              {r.map((v, j) =>
                j ? (
                  <td key={j} className="right">
                    {typeof v === 'number' ? v.toLocaleString('en') : v}
                  </td>
                ) : (
                  <th key={j} scope="row" title={String(v)}>
                    {v}
                  </th>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {more}
    </div>
  );
}

const wordOfVariable: Record<string, string> = { days: 'the time', env: 'the environment', component: 'the component' };

/** WidgetBody is what a widget shows, in the room that it has. */
export function WidgetBody({
  widget,
  params,
  given,
  numbers,
  title,
  answer,
  area = false,
}: {
  widget: string;
  params: Params;
  given: Given;
  numbers: boolean;
  title: string;
  answer: ReturnType<typeof useWidget>;
  area?: boolean;
}) {
  const [box, size] = useSize<HTMLDivElement>();
  const kind = kindOf(widget);
  const at: Context = {
    params,
    vars: given.vars,
    base: given.base,
    now: given.now,
    width: size.width,
    height: size.height,
    area,
  };
  let body: ReactNode;
  if (!kind) body = <p className="quiet">This page does not know widgets of the kind “{widget}”.</p>;
  else if (!answer.data) {
    const fault = answer.error instanceof APIError ? faultAt(answer.error.message) : null;
    body = answer.error ? (
      <div className="widget-error" role="alert">
        <b className="text-failed">✕ {fault ? 'The settings do not work' : 'Not loaded'}</b>
        <p>{fault ? `${fault.param}: ${fault.reason}` : answer.error.message}</p>
        {answer.error instanceof APIError && answer.error.request && (
          <p className="quiet">Request {answer.error.request}</p>
        )}
        <button type="button" className="value link" onClick={() => void answer.refetch()}>
          Try again
        </button>
      </div>
    ) : (
      <Lines n={3} />
    );
  } else if (answer.data.data == null || kind.empty(answer.data.data))
    body = (
      <div className="widget-empty">
        <b>Nothing to show</b>
        <p className="quiet">{kind.hint}</p>
        {filtersOf(params).length > 0 && (
          <p className="quiet">Only what matches {filtersOf(params).map(print).join(' and ')} is looked at.</p>
        )}
      </div>
    );
  else if (numbers) body = <Numbers table={kind.table(answer.data.data, at)} label={title} />;
  else if (size.width > 0) body = <kind.Draw data={answer.data.data} at={at} />;
  return (
    <div className={`widget-body${answer.isPlaceholderData ? ' old' : ''}`} ref={box}>
      {body}
    </div>
  );
}

interface Props {
  config: WidgetConfig;
  given: Given;
  /** Settings of the address that replace saved parameters, and how to change them. */
  over: Record<string, string>;
  set: (name: string, value: string | null) => void;
  head?: ReactNode;
  actions?: ReactNode;
  tick: number;
}

/** WidgetCard is a widget with its title, its age and its choices. */
export function WidgetCard({ config, given, over, set, head, actions, tick }: Props) {
  const heading = useId();
  const kind = kindOf(config.widget);
  const title = config.title || 'Untitled';
  const { as, ...changed } = over;
  const params = { ...paramsOf(config), ...changed };
  const answer = useWidget(config.widget ?? '', params, given);
  const now = Math.max(tick, answer.dataUpdatedAt);
  const age = answer.dataUpdatedAt ? new Date(answer.dataUpdatedAt).toISOString() : null;
  const job = String(params['job_name'] ?? '');
  return (
    <section className="widget" aria-labelledby={heading}>
      <header>
        {head}
        <h2 id={heading}>
          {kind ? (
            <Link
              to={kind.list({
                params,
                vars: given.vars,
                base: given.base,
                now: given.now,
                width: 0,
                height: 0,
                area: false,
              })}
              title={`${title}: the list behind it`}
            >
              {title}
            </Link>
          ) : (
            title
          )}
        </h2>
        {answer.ignores.length > 0 && (
          <span
            className="quiet note"
            title={`This kind of widget cannot be limited by ${answer.ignores.map((i) => wordOfVariable[i]).join(' and ')}`}
          >
            not by {answer.ignores.map((i) => wordOfVariable[i]!.replace('the ', '')).join(', ')}
          </span>
        )}
        <span className="spring" />
        <button
          type="button"
          className={`icon-button renew${answer.isFetching ? ' turning' : ''}`}
          aria-label={`Refresh ${title}`}
          title="Refresh"
          onClick={() => void answer.refetch()}
        >
          <Glyph of="renew" />
        </button>
        {answer.error && answer.data ? (
          <span className="text-error note" title={answer.error.message}>
            ! from {ago(age, now)}
          </span>
        ) : (
          age && (
            <time className="quiet note age-note" dateTime={age} title={`Asked at ${exact(age)}`}>
              {ago(age, now)}
            </time>
          )
        )}
        {actions}
      </header>
      <WidgetBody
        widget={config.widget ?? ''}
        params={params}
        given={given}
        numbers={as === 'table'}
        title={title}
        answer={answer}
      />
      {kind && (kind.controls.length > 0 || config.widget === 'jenkins-heatmap') && (
        <footer>
          {kind.controls
            .filter((c) => !(given.vars.days && (c.name === 'days' || c.name === 'weeks')))
            .map((c) => {
              const saved = String(paramsOf(config)[c.name] ?? '');
              const value = String(params[c.name] ?? '');
              const options = [...c.options];
              for (const v of [saved, value])
                if (v && !options.some(([o]) => o === v)) options.push([v, v.split('.').at(-1)!]);
              if (c.options.every(([o]) => /^\d+$/.test(o))) options.sort((a, b) => Number(a[0]) - Number(b[0]));
              return (
                <label key={c.name}>
                  <span>{c.label}</span>
                  <select value={value} onChange={(e) => set(c.name, e.target.value === saved ? null : e.target.value)}>
                    {!value && <option value="">default</option>}
                    {options.map(([v, word]) => (
                      <option key={v} value={v}>
                        {word}
                      </option>
                    ))}
                  </select>
                </label>
              );
            })}
          {config.widget === 'jenkins-heatmap' && job && (
            <Link to={analysisOf(given.base, job, [...filtersOf(params), ...held(given.vars, given.now)])}>
              Analyse the job
            </Link>
          )}
        </footer>
      )}
    </section>
  );
}
