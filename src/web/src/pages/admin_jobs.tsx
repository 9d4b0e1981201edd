import { Button } from '@patternfly/react-core';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type List } from '../lib/api';
import { count, duration } from '../lib/format';
import type { components } from '../lib/schema';
import { useAddress, usePage } from '../parts/address';
import { Check, Dialog, Input, says } from '../parts/form';
import { Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import { Listed, Table, type Column } from '../parts/table';
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
    <Table
      name="Queues"
      rows={data.queues}
      id={(q) => q.name}
      columns={[
        [
          'Queue',
          (q) => (
            <>
              <strong>{q.name}</strong>
              {q.paused && <span className="text-skipped"> ❚❚ paused</span>}
            </>
          ),
        ],
        ['Waiting', (q) => count(q.waiting)],
        ['Oldest', (q) => (q.oldest_seconds ? duration(q.oldest_seconds) : '–')],
        ['Running', (q) => count(q.running)],
        ['Tried again', (q) => count(q.retrying)],
        ['Dead', (q) => <span className={q.dead ? 'text-failed' : ''}>{count(q.dead)}</span>],
        ['At a time', (q) => q.workers],
        [
          '',
          (q) => (
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
          ),
        ],
      ]}
    />
  );
}

const took = (j: Job): string =>
  j.started && j.finished ? duration((Date.parse(j.finished) - Date.parse(j.started)) / 1000) : '–';

/** Details is what a job was given, what it did, and what went wrong on the way. */
function Details({ job }: { job: Job }) {
  const facts: [string, unknown][] = [
    ['Given', job.args],
    ['How far', job.progress],
    ['What it did', job.output],
  ];
  return (
    <dl className="metadata">
      {facts
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{JSON.stringify(value)}</code>
            </dd>
          </div>
        ))}
      {job.worker && (
        <div>
          <dt>Worker</dt>
          <dd>{job.worker}</dd>
        </div>
      )}
      {job.errors.map((e, i) => (
        <div key={i}>
          <dt>
            Try {e.attempt}, <Time at={e.at} />
          </dt>
          <dd className="text-failed">{e.error}</dd>
        </div>
      ))}
    </dl>
  );
}

function List() {
  const act = useAct();
  const { get, put } = useAddress();
  const [page, go] = usePage();
  const [open, setOpen] = useState<number | null>(null);
  const state = get('state');
  const kind = get('kind');
  const list = useQuery({
    queryKey: ['admin', 'jobs', state, kind, page],
    refetchInterval: every,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get<List<'jobs', Job>>('/admin/job', { state, kind, page, pageSize: size }, signal),
  });
  const columns: Column<Job>[] = [
    [
      'Job',
      (j) => (
        <button
          type="button"
          className="value name"
          aria-expanded={open === j.id}
          onClick={() => setOpen(open === j.id ? null : j.id)}
        >
          {open === j.id ? '▾' : '▸'} {j.id}
        </button>
      ),
    ],
    [
      'Kind',
      (j) => (
        <button type="button" className="value" onClick={() => put({ kind: j.kind, page: '' })}>
          {j.kind}
        </button>
      ),
    ],
    [
      'State',
      (j) => {
        const [sign, look] = looks[j.state] ?? ['…', ''];
        return (
          <span className={look}>
            {sign} {j.cancelling ? 'ending' : j.state}
          </span>
        );
      },
    ],
    ['Tries', (j) => `${j.attempt} of ${j.max_attempts}`],
    ['Added', (j) => <Time at={j.created} />],
    ['Took', (j) => took(j)],
    [
      '',
      (j) => (
        <>
          {['dead', 'cancelled', 'retrying', 'scheduled'].includes(j.state) && (
            <Button
              size="sm"
              variant="link"
              onClick={() => void act(() => api.post(`/admin/job/${j.id}/retry`, undefined), `Job ${j.id} runs again`)}
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
                void act(() => api.post(`/admin/job/${j.id}/cancel`, undefined), `Job ${j.id} is cancelled`)
              }
            >
              Cancel<span className="sr"> {j.id}</span>
            </Button>
          )}
        </>
      ),
    ],
  ];
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
      <Listed
        name="Jobs"
        asked={list}
        rows={(d) => d.jobs}
        id={(j) => j.id}
        columns={columns}
        below={(j) => open === j.id && <Details job={j} />}
        empty={<Empty title="No jobs like this" />}
        page={page}
        size={size}
        go={go}
      />
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

const Coming = ({ at }: { at: string }) => (
  <time dateTime={at}>{new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })}</time>
);

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
    <>
      <Table
        name="Schedule"
        rows={data.schedules}
        id={(s) => s.name}
        columns={[
          [
            'What',
            (s) => (
              <>
                <strong>{s.name}</strong>
                <div className="quiet">{s.description}</div>
              </>
            ),
          ],
          [
            'When',
            (s) => (
              <>
                <code>{s.spec}</code>
                {!s.enabled && <span className="text-skipped"> ❚❚ off</span>}
              </>
            ),
          ],
          ['Last', (s) => (s.last_run ? <Time at={s.last_run} /> : '–')],
          ['Next', (s) => (s.enabled && s.next_run ? <Coming at={s.next_run} /> : '–')],
          [
            '',
            (s) => (
              <>
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
              </>
            ),
          ],
        ]}
      />
      {edit && <Change schedule={edit} close={() => setEdit(null)} />}
    </>
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
