import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { api, type List, type Project, type User } from '../lib/api';
import { count } from '../lib/format';
import type { components } from '../lib/schema';
import { Failed, Time, useTitle } from '../parts/states';

type Worker = components['schemas']['Worker'];
type Queue = components['schemas']['Queue'];
type Health = components['schemas']['Health'];

const every = 10000;

function Figure({ name, error, children }: { name: string; error?: unknown; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {error ? (
          <span className="text-failed">not known: {String(error instanceof Error ? error.message : error)}</span>
        ) : (
          (children ?? <span className="quiet">…</span>)
        )}
      </dd>
    </div>
  );
}

/** The administrator's first look: is it healthy, and how much is there. */
export function AdminHome() {
  useTitle('Administration');
  const database = useQuery({
    queryKey: ['admin', 'database'],
    refetchInterval: every,
    queryFn: ({ signal }) => api.get<Health>('/health/database', {}, signal),
  });
  const workers = useQuery({
    queryKey: ['admin', 'workers'],
    refetchInterval: every,
    queryFn: ({ signal }) => api.get<{ workers: Worker[] }>('/admin/worker', {}, signal),
  });
  const queues = useQuery({
    queryKey: ['admin', 'queues'],
    refetchInterval: every,
    queryFn: ({ signal }) => api.get<{ queues: Queue[] }>('/admin/queue', {}, signal),
  });
  const users = useQuery({
    queryKey: ['admin', 'users', 'count'],
    queryFn: ({ signal }) => api.get<List<'users', User>>('/admin/user', { pageSize: 1 }, signal),
  });
  const projects = useQuery({
    queryKey: ['admin', 'projects', 'count'],
    queryFn: ({ signal }) => api.get<List<'projects', Project>>('/admin/project', { pageSize: 1 }, signal),
  });
  const alive = workers.data?.workers.filter((w) => w.alive) ?? [];
  const sum = (what: 'waiting' | 'running' | 'retrying' | 'dead') =>
    queues.data?.queues.reduce((n, q) => n + q[what], 0) ?? 0;
  const versions = [...new Set(alive.map((w) => w.version))];
  const wrong = [
    workers.data && !alive.some((w) => w.role === 'worker') && 'No worker is alive: imports wait until one starts.',
    workers.data &&
      !alive.some((w) => w.role === 'scheduler' && w.leads) &&
      'No scheduler leads: nothing periodic runs.',
    versions.length > 1 && `Processes of different versions are at work: ${versions.join(', ')}.`,
    sum('dead') > 0 && `${count(sum('dead'))} jobs failed for good in the last week.`,
    ...(queues.data?.queues.filter((q) => q.paused).map((q) => `The queue ${q.name} is paused.`) ?? []),
  ].filter((w): w is string => !!w);
  return (
    <div>
      <div className="heading">
        <h1>Administration</h1>
        {workers.data &&
          queues.data &&
          database.data &&
          (wrong.length === 0 && !database.error ? (
            <span className="text-passed">✓ all is well</span>
          ) : (
            <span className="text-error">▲ {wrong.length} to look at</span>
          ))}
      </div>
      {wrong.length > 0 && (
        <ul className="panel">
          {wrong.map((w) => (
            <li key={w}>
              {w} <Link to="/admin/jobs">Jobs and workers</Link>
            </li>
          ))}
        </ul>
      )}
      <dl className="figures">
        <Figure name="Database" error={database.error}>
          {database.data &&
            (database.data.status === 'OK' ? (
              <span className="text-passed">✓ answers</span>
            ) : (
              <span className="text-failed">✕ {database.data.message}</span>
            ))}
        </Figure>
        <Figure name="Workers alive" error={workers.error}>
          {workers.data && count(alive.filter((w) => w.role === 'worker').length)}
        </Figure>
        <Figure name="Version" error={workers.error}>
          {workers.data && (versions.join(', ') || '–')}
        </Figure>
        <Figure name="Jobs waiting" error={queues.error}>
          {queues.data && count(sum('waiting'))}
        </Figure>
        <Figure name="Jobs at work" error={queues.error}>
          {queues.data && count(sum('running'))}
        </Figure>
        <Figure name="Jobs tried again" error={queues.error}>
          {queues.data && count(sum('retrying'))}
        </Figure>
        <Figure name="Users" error={users.error}>
          {users.data && <Link to="/admin/users">{count(users.data.pagination.totalItems)}</Link>}
        </Figure>
        <Figure name="Projects" error={projects.error}>
          {projects.data && <Link to="/admin/projects">{count(projects.data.pagination.totalItems)}</Link>}
        </Figure>
      </dl>
      <h2 className="section">Processes</h2>
      {workers.error ? (
        <Failed error={workers.error} what="Workers" retry={() => void workers.refetch()} />
      ) : (
        <Processes workers={workers.data?.workers ?? []} />
      )}
    </div>
  );
}

export function Processes({ workers }: { workers: Worker[] }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Processes">
      <table className="plain">
        <thead>
          <tr>
            <th>Role</th>
            <th>Where</th>
            <th>Version</th>
            <th>Jobs</th>
            <th>Memory</th>
            <th>Started</th>
            <th>Last sign</th>
          </tr>
        </thead>
        <tbody>
          {workers.map((w) => (
            <tr key={w.id}>
              <td>
                {w.role}
                {w.leads && <span className="quiet"> leads</span>}
              </td>
              <td>
                {w.host} <span className="quiet">{w.pid}</span>
              </td>
              <td>{w.version}</td>
              <td>
                {w.running} of {w.capacity}
              </td>
              <td>{Math.round(w.memory / 1048576)} MiB</td>
              <td>
                <Time at={w.started} />
              </td>
              <td>
                {w.alive ? (
                  <span className="text-passed">
                    ✓ <Time at={w.seen} />
                  </span>
                ) : (
                  <span className="text-failed">
                    ✕ <Time at={w.seen} />
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
