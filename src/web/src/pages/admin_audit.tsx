import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { api, type List } from '../lib/api';
import { count } from '../lib/format';
import type { components } from '../lib/schema';
import { Pages } from '../parts/form';
import { Busy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';

type Event = components['schemas']['AuditEvent'];

const size = 50;
const kinds = [
  'user', 'project', 'member', 'group', 'dashboard', 'widget_config', 'token', 'session', 'run', 'artifact', 'task', 'queue', 'job',
  'schedule', 'retention',
]; // prettier-ignore

const shown = (value: unknown): string => {
  const text = value == null ? '–' : typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
};

/** changed says what a field was and is; what was not there before has no arrow to it. */
const changed = (change: unknown): string => {
  if (!Array.isArray(change)) return shown(change);
  const [old, now] = change as [unknown, unknown];
  return old == null ? shown(now) : `${shown(old)} → ${shown(now)}`;
};

/** Audit is who changed what. */
export function Audit() {
  useTitle('Audit log - Administration');
  const [params, setParams] = useSearchParams();
  const get = (name: string) => params.get(name) ?? '';
  const page = Number(get('page') || 1) || 1;
  const put = (change: Record<string, string>) =>
    setParams(
      (old) => {
        const p = new URLSearchParams(old);
        for (const [k, v] of Object.entries(change))
          if (v) p.set(k, v);
          else p.delete(k);
        return p;
      },
      { replace: true },
    );
  const asked = {
    actor: get('actor'),
    object_type: get('object_type'),
    object_id: get('object_id'),
    project_id: get('project_id'),
    since: get('since'),
    until: get('until'),
  };
  const list = useQuery({
    queryKey: ['admin', 'audit', asked, page],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get<List<'events', Event>>('/admin/audit', { ...asked, page, pageSize: size }, signal),
  });
  return (
    <div>
      <div className="heading">
        <h1>Audit log</h1>
        {list.data && (
          <span className="quiet" aria-live="polite">
            {count(list.data.pagination.totalItems)}
          </span>
        )}
      </div>
      <div className="facts">
        <input
          className="field"
          type="search"
          aria-label="Done by"
          placeholder="Done by (e-mail)"
          value={get('actor')}
          onChange={(e) => put({ actor: e.target.value, page: '' })}
        />
        <label>
          on{' '}
          <select
            className="field"
            value={get('object_type')}
            onChange={(e) => put({ object_type: e.target.value, page: '' })}
          >
            <option value="">anything</option>
            {kinds.map((k) => (
              <option key={k} value={k}>
                {k.replace('_', ' ')}
              </option>
            ))}
          </select>
        </label>
        <label>
          from{' '}
          <input
            className="field"
            type="date"
            value={get('since')}
            onChange={(e) => put({ since: e.target.value, page: '' })}
          />
        </label>
        <label>
          before{' '}
          <input
            className="field"
            type="date"
            value={get('until')}
            onChange={(e) => put({ until: e.target.value, page: '' })}
          />
        </label>
      </div>
      <Busy on={list.isFetching} />
      {list.error ? (
        <Failed error={list.error} what="The audit log" retry={() => void list.refetch()} />
      ) : !list.data ? (
        <Lines n={8} />
      ) : list.data.events.length === 0 ? (
        <Empty title="Nothing like this was done">
          Changes by the API, the page and the command line are kept here.
        </Empty>
      ) : (
        <div className="scroll" tabIndex={0} role="region" aria-label="Audit log">
          <table className="plain stacks">
            <thead>
              <tr>
                <th>When</th>
                <th>Who</th>
                <th>What</th>
                <th>Changed</th>
              </tr>
            </thead>
            <tbody>
              {list.data.events.map((e) => (
                <tr key={e.id}>
                  <td data-name="When">
                    <Time at={e.at} />
                  </td>
                  <td data-name="Who">
                    {e.actor || <span className="quiet">past this server</span>}
                    {e.client && <div className="quiet">{e.client}</div>}
                  </td>
                  <td data-name="What">
                    {e.action}
                    <div className="quiet break">{e.object_name || e.object_id}</div>
                  </td>
                  <td data-name="Changed">
                    {Object.entries(e.changes as Record<string, unknown>).map(([field, change]) => (
                      <div key={field} className="break">
                        <span className="quiet">{field}:</span> {changed(change)}
                      </div>
                    ))}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {list.data && (
        <Pages
          page={page}
          total={list.data.pagination.totalItems}
          size={size}
          go={(n) => put({ page: n > 1 ? String(n) : '' })}
        />
      )}
    </div>
  );
}
