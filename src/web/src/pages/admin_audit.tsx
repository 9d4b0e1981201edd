import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, type List } from '../lib/api';
import { count } from '../lib/format';
import type { components } from '../lib/schema';
import { useAddress, usePage } from '../parts/address';
import { Empty, Time, useTitle } from '../parts/states';
import { Listed, type Column } from '../parts/table';

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

const columns: Column<Event>[] = [
  ['When', (e) => <Time at={e.at} />],
  [
    'Who',
    (e) => (
      <>
        {e.actor || <span className="quiet">past this server</span>}
        {e.client && <div className="quiet">{e.client}</div>}
      </>
    ),
  ],
  [
    'What',
    (e) => (
      <>
        {e.action}
        <div className="quiet break">{e.object_name || e.object_id}</div>
      </>
    ),
  ],
  [
    'Changed',
    (e) =>
      Object.entries(e.changes as Record<string, unknown>).map(([field, change]) => (
        <div key={field} className="break">
          <span className="quiet">{field}:</span> {changed(change)}
        </div>
      )),
  ],
];

/** Audit is who changed what. */
export function Audit() {
  useTitle('Audit log - Administration');
  const { get, put } = useAddress();
  const [page, go] = usePage();
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
      <Listed
        name="The audit log"
        asked={list}
        rows={(d) => d.events}
        id={(e) => e.id}
        columns={columns}
        empty={
          <Empty title="Nothing like this was done">
            Changes by the API, the page and the command line are kept here.
          </Empty>
        }
        page={page}
        size={size}
        go={go}
      />
    </div>
  );
}
