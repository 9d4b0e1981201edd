import { Button } from '@patternfly/react-core';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { Fragment, useState } from 'react';
import { useSearchParams } from 'react-router';
import { api, type List } from '../lib/api';
import { count, duration } from '../lib/format';
import type { components } from '../lib/schema';
import { Check, Dialog, Input, Pages, says } from '../parts/form';
import { Busy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import { Tabs, useTab } from '../parts/tabs';
import { useToast } from '../parts/toast';
import { Processes } from './admin_home';

type Schemas = components['schemas'];
type Job = Schemas['Job'];
type Queue = Schemas['Queue'];
type Schedule = Schemas['Schedule'];

const size = 25;
const every = 5000;
const states = ['waiting', 'scheduled', 'running', 'retrying', 'done', 'cancelled', 'dead'] as const;
const looks: Record<string, [string, string]> = {
  done: ['✓', 'text-passed'],
  dead: ['✕', 'text-failed'],
  retrying: ['↻', 'text-error'],
  running: ['▶', 'text-xpassed'],
  cancelled: ['◌', 'quiet'],
};

/** useAct does something to jobs, says so, and shows how they stand after it. */
function useAct() {
  const client = useQueryClient();
  const toast = useToast();
  return async (what: () => Promise<unknown>, done: string) => {
    try {
      await what();
      toast(done);
    } catch (e) {
      toast('That did not work', { kind: 'danger', body: says(e) });
    }
    await client.invalidateQueries({ queryKey: ['admin'] });
  };
}

function Queues() {
  const act = useAct();
  const { data, error, refetch } = useQuery({
    queryKey: ['admin', 'queues'],
    refetchInterval: every,
    queryFn: ({ signal }) => api.get<{ queues: Queue[] }>('/admin/queue', {}, signal),
  });
  if (error) return <Failed error={error} what="Queues" retry={() => void refetch()} />;
  if (!data) return <Lines n={4} />;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Queues">
      <table className="plain">
        <thead>
          <tr>
            <th>Queue</th>
            <th>Waiting</th>
            <th>Oldest</th>
            <th>Running</th>
            <th>Tried again</th>
            <th>Dead</th>
            <th>At a time</th>
            <th>
              <span className="sr">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {data.queues.map((q) => (
            <tr key={q.name}>
              <td>
                <strong>{q.name}</strong>
                {q.paused && <span className="text-skipped"> ❚❚ paused</span>}
              </td>
              <td>{count(q.waiting)}</td>
              <td>{q.oldest_seconds ? duration(q.oldest_seconds) : '–'}</td>
              <td>{count(q.running)}</td>
              <td>{count(q.retrying)}</td>
              <td className={q.dead ? 'text-failed' : ''}>{count(q.dead)}</td>
              <td>{q.workers}</td>
              <td className="actions">
                <Button
                  size="sm"
                  variant="secondary"
                  onClick={() =>
                    void act(
                      () => api.put(`/admin/queue/${q.name}`, { paused: !q.paused }),
                      q.paused ? `${q.name} goes on` : `${q.name} is paused`,
                    )
                  }
                >
                  {q.paused ? 'Go on' : 'Pause'}
                  <span className="sr"> {q.name}</span>
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function List() {
  const act = useAct();
  const [params, setParams] = useSearchParams();
  const [open, setOpen] = useState<number | null>(null);
  const state = params.get('state') ?? '';
  const kind = params.get('kind') ?? '';
  const page = Number(params.get('page') ?? 1) || 1;
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
  const list = useQuery({
    queryKey: ['admin', 'jobs', state, kind, page],
    refetchInterval: every,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get<List<'jobs', Job>>('/admin/job', { state, kind, page, pageSize: size }, signal),
  });
  return (
    <>
      <div className="facts">
        <label>
          State{' '}
          <select className="field" value={state} onChange={(e) => put({ state: e.target.value, page: '' })}>
            <option value="">all</option>
            {states.map((s) => (
              <option key={s}>{s}</option>
            ))}
          </select>
        </label>
        {kind && (
          <button type="button" className="chip" onClick={() => put({ kind: '', page: '' })}>
            {kind} ✕
          </button>
        )}
      </div>
      <Busy on={list.isFetching} />
      {list.error ? (
        <Failed error={list.error} what="Jobs" retry={() => void list.refetch()} />
      ) : !list.data ? (
        <Lines />
      ) : list.data.jobs.length === 0 ? (
        <Empty title="No jobs like this" />
      ) : (
        <div className="scroll" tabIndex={0} role="region" aria-label="Jobs">
          <table className="plain">
            <thead>
              <tr>
                <th>Job</th>
                <th>Kind</th>
                <th>State</th>
                <th>Tries</th>
                <th>Added</th>
                <th>Took</th>
                <th>
                  <span className="sr">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.data.jobs.map((j) => {
                const [sign, look] = looks[j.state] ?? ['…', ''];
                const took = j.started && j.finished ? (Date.parse(j.finished) - Date.parse(j.started)) / 1000 : null;
                return (
                  <Fragment key={j.id}>
                    <tr>
                      <td>
                        <button
                          type="button"
                          className="value name"
                          aria-expanded={open === j.id}
                          onClick={() => setOpen(open === j.id ? null : j.id)}
                        >
                          {open === j.id ? '▾' : '▸'} {j.id}
                        </button>
                      </td>
                      <td>
                        <button type="button" className="value" onClick={() => put({ kind: j.kind, page: '' })}>
                          {j.kind}
                        </button>
                      </td>
                      <td className={look}>
                        {sign} {j.cancelling ? 'ending' : j.state}
                      </td>
                      <td>
                        {j.attempt} of {j.max_attempts}
                      </td>
                      <td>
                        <Time at={j.created} />
                      </td>
                      <td>{took == null ? '–' : duration(took)}</td>
                      <td className="actions">
                        {['dead', 'cancelled', 'retrying', 'scheduled'].includes(j.state) && (
                          <Button
                            size="sm"
                            variant="link"
                            onClick={() =>
                              void act(() => api.post(`/admin/job/${j.id}/retry`, undefined), `Job ${j.id} runs again`)
                            }
                          >
                            Run now<span className="sr"> {j.id}</span>
                          </Button>
                        )}
                        {['waiting', 'scheduled', 'running', 'retrying'].includes(j.state) && !j.cancelling && (
                          <Button
                            size="sm"
                            variant="link"
                            isDanger
                            onClick={() =>
                              void act(
                                () => api.post(`/admin/job/${j.id}/cancel`, undefined),
                                `Job ${j.id} is cancelled`,
                              )
                            }
                          >
                            Cancel<span className="sr"> {j.id}</span>
                          </Button>
                        )}
                      </td>
                    </tr>
                    {open === j.id && (
                      <tr>
                        <td colSpan={7}>
                          <dl className="metadata">
                            <div>
                              <dt>Given</dt>
                              <dd>
                                <code>{JSON.stringify(j.args)}</code>
                              </dd>
                            </div>
                            {j.progress && (
                              <div>
                                <dt>How far</dt>
                                <dd>
                                  <code>{JSON.stringify(j.progress)}</code>
                                </dd>
                              </div>
                            )}
                            {j.output && (
                              <div>
                                <dt>What it did</dt>
                                <dd>
                                  <code>{JSON.stringify(j.output)}</code>
                                </dd>
                              </div>
                            )}
                            {j.worker && (
                              <div>
                                <dt>Worker</dt>
                                <dd>{j.worker}</dd>
                              </div>
                            )}
                            {j.errors.map((e, i) => (
                              <div key={i}>
                                <dt>
                                  Try {e.attempt}, <Time at={e.at} />
                                </dt>
                                <dd className="text-failed">{e.error}</dd>
                              </div>
                            ))}
                          </dl>
                        </td>
                      </tr>
                    )}
                  </Fragment>
                );
              })}
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
    </>
  );
}

function Change({ schedule, close }: { schedule: Schedule; close: () => void }) {
  const act = useQueryClient();
  const [spec, setSpec] = useState(schedule.spec);
  const [enabled, setEnabled] = useState(schedule.enabled);
  return (
    <Dialog
      title={`When ${schedule.name} runs`}
      act="Save"
      close={close}
      ready={!!spec.trim()}
      run={async () => {
        await api.put(`/admin/schedule/${schedule.name}`, {
          enabled,
          spec: spec.trim() === schedule.default_spec ? null : spec.trim(),
        });
        await act.invalidateQueries({ queryKey: ['admin', 'schedules'] });
      }}
    >
      <p>{schedule.description}</p>
      <Check label="It runs" on={enabled} change={setEnabled} />
      <Input
        label="When"
        value={spec}
        change={setSpec}
        hint={`A cron line in UTC, or @every 30m. By default ${schedule.default_spec}.`}
      />
    </Dialog>
  );
}

function Schedules() {
  const act = useAct();
  const [edit, setEdit] = useState<Schedule | null>(null);
  const { data, error, refetch } = useQuery({
    queryKey: ['admin', 'schedules'],
    refetchInterval: every,
    queryFn: ({ signal }) => api.get<{ schedules: Schedule[] }>('/admin/schedule', {}, signal),
  });
  if (error) return <Failed error={error} what="The schedule" retry={() => void refetch()} />;
  if (!data) return <Lines n={4} />;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Schedule">
      <table className="plain">
        <thead>
          <tr>
            <th>What</th>
            <th>When</th>
            <th>Last</th>
            <th>Next</th>
            <th>
              <span className="sr">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {data.schedules.map((s) => (
            <tr key={s.name}>
              <td>
                <strong>{s.name}</strong>
                <div className="quiet">{s.description}</div>
              </td>
              <td>
                <code>{s.spec}</code>
                {!s.enabled && <span className="text-skipped"> ❚❚ off</span>}
              </td>
              <td>{s.last_run ? <Time at={s.last_run} /> : '–'}</td>
              <td>
                {s.enabled && s.next_run ? (
                  <time dateTime={s.next_run}>
                    {new Date(s.next_run).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })}
                  </time>
                ) : (
                  '–'
                )}
              </td>
              <td className="actions">
                <Button size="sm" variant="link" onClick={() => setEdit(s)}>
                  Change<span className="sr"> {s.name}</span>
                </Button>
                <Button
                  size="sm"
                  variant="link"
                  onClick={() =>
                    void act(() => api.post(`/admin/schedule/${s.name}/run`, undefined), `${s.name} is on its way`)
                  }
                >
                  Run now<span className="sr"> {s.name}</span>
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {edit && <Change schedule={edit} close={() => setEdit(null)} />}
    </div>
  );
}

function Workers() {
  const { data, error, refetch } = useQuery({
    queryKey: ['admin', 'workers'],
    refetchInterval: every,
    queryFn: ({ signal }) => api.get<{ workers: Schemas['Worker'][] }>('/admin/worker', {}, signal),
  });
  if (error) return <Failed error={error} what="Workers" retry={() => void refetch()} />;
  return data ? <Processes workers={data.workers} /> : <Lines n={3} />;
}

export function Jobs() {
  useTitle('Jobs - Administration');
  const [tab, choose] = useTab(['jobs', 'queues', 'schedule', 'workers']);
  return (
    <div>
      <h1>Jobs</h1>
      <Tabs
        tabs={[
          ['jobs', 'Jobs'],
          ['queues', 'Queues'],
          ['schedule', 'Schedule'],
          ['workers', 'Workers'],
        ]}
        tab={tab}
        choose={choose}
      />
      {tab === 'jobs' ? <List /> : tab === 'queues' ? <Queues /> : tab === 'schedule' ? <Schedules /> : <Workers />}
    </div>
  );
}
