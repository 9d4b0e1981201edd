import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { api, type Import, type List, type Project, type User } from '../lib/api';
import { bytes, count, duration, exact } from '../lib/format';
import type { components } from '../lib/schema';
import { Failed, Time, useTitle } from '../parts/states';
import { Table } from '../parts/table';

type Schemas = components['schemas'];
type Worker = Schemas['Worker'];
type Queue = Schemas['Queue'];
type Job = Schemas['Job'];
type Schedule = Schemas['Schedule'];
type Health = Schemas['Health'];
type Storage = Schemas['Storage'];

const every = 10000;
const failedShown = 5;

/** useTotal counts what a list has, without its rows. */
function useTotal(path: string, filter: string[] = [], renewed: number | false = false) {
  return useQuery({
    queryKey: ['admin', 'total', path, filter],
    refetchInterval: renewed,
    queryFn: async ({ signal }) => {
      const list = await api.get<List<'rows', Import | User | Project>>(path, { pageSize: 1, filter }, signal);
      return list.pagination.totalItems;
    },
  });
}

/** yesterday is this time of yesterday, to the minute, so that it stays the same question for a while. */
const yesterday = () => new Date(Math.floor(Date.now() / 60000 - 24 * 60) * 60000).toISOString();

interface FigureProps {
  name: string;
  error?: unknown;
  /** What stands below the figure. */
  note?: ReactNode;
  children: ReactNode;
}

function Figure({ name, error, note, children }: FigureProps) {
  return (
    <div>
      <dt>{name}</dt>
      {error ? <dd className="text-failed">✕ not known</dd> : <dd>{children ?? <span className="quiet">…</span>}</dd>}
      <dd className="note">{error ? String(error instanceof Error ? error.message : error) : note}</dd>
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
  const schedules = useQuery({
    queryKey: ['admin', 'schedules'],
    refetchInterval: every,
    queryFn: ({ signal }) => api.get<{ schedules: Schedule[] }>('/admin/schedule', {}, signal),
  });
  const since = yesterday();
  const imports = useTotal('/import', [`created>${since}`], every);
  const refused = useTotal('/import', [`created>${since}`, 'status=error'], every);
  const storage = useQuery({
    queryKey: ['admin', 'storage'],
    refetchInterval: 6 * every,
    queryFn: ({ signal }) => api.get<Storage>('/admin/storage', {}, signal),
  });
  const users = useTotal('/admin/user');
  const projects = useTotal('/admin/project');

  const alive = workers.data?.workers.filter((w) => w.alive) ?? [];
  const hands = alive.filter((w) => w.role === 'worker');
  const hosts = new Set(hands.map((w) => w.host)).size;
  const capacity = hands.reduce((n, w) => n + w.capacity, 0);
  const leader = alive.find((w) => w.role === 'scheduler' && w.leads);
  const versions = [...new Set(alive.map((w) => w.version))];
  const sum = (what: 'waiting' | 'scheduled' | 'running' | 'retrying' | 'dead') =>
    queues.data?.queues.reduce((n, q) => n + q[what], 0) ?? 0;
  const oldest = Math.max(0, ...(queues.data?.queues.map((q) => q.oldest_seconds) ?? []));
  const wrong = [
    workers.data && hands.length === 0 && 'No worker is alive: imports wait until one starts.',
    workers.data && !leader && 'No scheduler leads: nothing periodic runs.',
    versions.length > 1 && `Processes of different versions are at work: ${versions.join(', ')}.`,
    sum('dead') > 0 &&
      (sum('dead') === 1
        ? 'A job failed for good in the last week.'
        : `${count(sum('dead'))} jobs failed for good in the last week.`),
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
      <dl className="figures even">
        <Figure
          name="Database"
          error={database.error}
          note={storage.data ? `${bytes(storage.data.database)} in all` : database.data?.message}
        >
          {database.data &&
            (database.data.status === 'OK' ? (
              <span className="text-passed">✓ answers</span>
            ) : (
              <span className="text-failed">✕ does not answer</span>
            ))}
        </Figure>
        <Figure
          name="Workers"
          error={workers.error}
          note={hosts === 1 ? 'on one machine' : `on ${count(hosts)} machines`}
        >
          {workers.data && <Link to="/admin/jobs#workers">{count(hands.length)} alive</Link>}
        </Figure>
        <Figure name="Scheduler" error={workers.error} note={leader?.host}>
          {workers.data &&
            (leader ? <span className="text-passed">✓ leads</span> : <span className="text-failed">✕ none leads</span>)}
        </Figure>
        <Figure name="Version" error={workers.error} note={versions.length > 1 ? 'they differ' : 'of all processes'}>
          {workers.data && (versions.join(', ') || '–')}
        </Figure>
        <Figure
          name="Jobs that wait"
          error={queues.error}
          note={oldest > 0 ? `the oldest for ${duration(oldest)}` : `${count(sum('scheduled'))} for their time to come`}
        >
          {queues.data && <Link to="/admin/jobs#queues">{count(sum('waiting'))}</Link>}
        </Figure>
        <Figure name="Jobs at work" error={queues.error} note={`of ${count(capacity)} at a time`}>
          {queues.data && <Link to="/admin/jobs?state=running">{count(sum('running'))}</Link>}
        </Figure>
        <Figure name="Jobs tried again" error={queues.error} note="after a failure">
          {queues.data && <Link to="/admin/jobs?state=retrying">{count(sum('retrying'))}</Link>}
        </Figure>
        <Figure name="Jobs that failed" error={queues.error} note="for good, in a week">
          {queues.data && <Link to="/admin/jobs?state=dead">{count(sum('dead'))}</Link>}
        </Figure>
        <Figure
          name="Imports of a day"
          error={imports.error}
          note={refused.data ? <Link to="/admin/imports">{count(refused.data)} failed</Link> : 'none failed'}
        >
          {imports.data !== undefined && <Link to="/admin/imports?status=all">{count(imports.data)}</Link>}
        </Figure>
        <Figure name="Artifacts" error={storage.error} note={storage.data && `in ${keptIn(storage.data)}`}>
          {storage.data && about(storage.data, count(storage.data.stores.reduce((n, s) => n + s.artifacts, 0)))}
        </Figure>
        <NextRetention schedules={schedules.data?.schedules} error={schedules.error} />
        <Figure
          name="Projects"
          error={projects.error ?? users.error}
          note={
            users.data !== undefined && (
              <Link to="/admin/users">{users.data === 1 ? 'one user' : `${count(users.data)} users`}</Link>
            )
          }
        >
          {projects.data !== undefined && <Link to="/admin/projects">{count(projects.data)}</Link>}
        </Figure>
      </dl>
      {storage.data && <Stores storage={storage.data} />}
      <FailedJobs />
      <h2 className="section">Processes</h2>
      {workers.error ? (
        <Failed error={workers.error} what="Workers" retry={() => void workers.refetch()} />
      ) : (
        <Processes workers={workers.data?.workers ?? []} />
      )}
    </div>
  );
}

const stores: Record<string, string> = { postgresql: 'PostgreSQL', files: 'files', s3: 'S3' };
const storeName = (store: string) => stores[store] ?? store;

/** keptIn names the stores that have artifacts, or the one that will. */
function keptIn({ stores, keeps }: Storage): string {
  const used = stores.filter((s) => s.artifacts > 0).map((s) => s.store);
  return (used.length ? used : [keeps]).map(storeName).join(' and ');
}

/** about says of a figure that it is an estimate, where it is one. */
const about = (storage: Storage, figure: string) => (storage.estimated ? `about ${figure}` : figure);

/** Stores are where the contents of artifacts are, how large they were sent, and what room they take. */
function Stores({ storage }: { storage: Storage }) {
  return (
    <>
      <h2 className="section">Contents of artifacts</h2>
      <Table
        name="Contents of artifacts"
        rows={storage.stores}
        id={(s) => s.store}
        columns={[
          [
            'Store',
            (s) => (
              <>
                {storeName(s.store)}
                {s.store === storage.keeps && <span className="quiet"> takes what is new</span>}
              </>
            ),
          ],
          ['Artifacts', (s) => about(storage, count(s.artifacts))],
          ['As sent', (s) => about(storage, bytes(s.bytes))],
          [
            'Takes',
            (s) => (s.store === 'postgresql' ? `${bytes(s.stored)} with its indexes` : about(storage, bytes(s.stored))),
          ],
        ]}
      />
    </>
  );
}

/** NextRetention says when something is deleted next because it is old. */
function NextRetention({ schedules, error }: { schedules: Schedule[] | undefined; error: unknown }) {
  const due = schedules
    ?.filter((s) => s.kind === 'retention' && s.enabled && s.next_run)
    .sort((a, b) => a.next_run!.localeCompare(b.next_run!))[0];
  const seconds = due ? Math.max(0, (Date.parse(due.next_run!) - Date.now()) / 1000) : 0;
  return (
    <Figure name="Retention runs" error={error} note={due && <Link to="/admin/jobs#schedule">{due.name}</Link>}>
      {schedules && (
        <Link to="/admin/retention">
          {due ? (
            <time dateTime={due.next_run!} title={exact(due.next_run)}>
              in {duration(seconds)}
            </time>
          ) : (
            'never'
          )}
        </Link>
      )}
    </Figure>
  );
}

/** FailedJobs are the newest jobs that failed, whether they are tried again or not. Most days there are none. */
function FailedJobs() {
  const list = useQuery({
    queryKey: ['admin', 'jobs', 'failed'],
    refetchInterval: every,
    queryFn: ({ signal }) =>
      api.get<List<'jobs', Job>>('/admin/job', { state: 'failed', pageSize: failedShown }, signal),
  });
  if (list.error) return <Failed error={list.error} what="Failed jobs" retry={() => void list.refetch()} />;
  if (!list.data?.jobs.length) return null;
  return (
    <>
      <h2 className="section">Failed jobs</h2>
      <div className="scroll" tabIndex={0} role="region" aria-label="Failed jobs">
        <table className="plain stacks">
          <thead>
            <tr>
              <th>Job</th>
              <th>State</th>
              <th>What went wrong</th>
              <th>When</th>
            </tr>
          </thead>
          <tbody>
            {list.data.jobs.map((job) => (
              <FailedJob key={job.id} job={job} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function FailedJob({ job }: { job: Job }) {
  const last = job.errors.at(-1);
  return (
    <tr>
      <td data-name="Job">
        <Link to={`/admin/jobs?state=${job.state}&kind=${encodeURIComponent(job.kind)}`}>
          {job.kind} <span className="quiet">{job.id}</span>
        </Link>
      </td>
      <td data-name="State">
        {job.state === 'dead' ? (
          <span className="text-failed">✕ failed for good</span>
        ) : (
          <span className="text-error">↻ tried again</span>
        )}
      </td>
      <td data-name="Error" className="break">
        {last?.error}
      </td>
      <td data-name="When">
        <Time at={last?.at ?? job.created} />
      </td>
    </tr>
  );
}

export function Processes({ workers }: { workers: Worker[] }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Processes">
      <table className="plain stacks">
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
              <td data-name="Role">
                {w.role}
                {w.leads && <span className="quiet"> leads</span>}
              </td>
              <td data-name="Where">
                {w.host} <span className="quiet">{w.pid}</span>
              </td>
              <td data-name="Version">{w.version}</td>
              <td data-name="Jobs">
                {w.running} of {w.capacity}
              </td>
              <td data-name="Memory">{bytes(w.memory)}</td>
              <td data-name="Started">
                <Time at={w.started} />
              </td>
              <td data-name="Last sign">
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
