import { Button } from '@patternfly/react-core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { api, type List } from '../lib/api';
import { bytes, count, duration } from '../lib/format';
import type { components } from '../lib/schema';
import { says } from './form';
import { Reading } from './reading';
import { Time } from './states';
import { Listed, type Column } from './table';
import { useToast } from './toast';
import './importlog.css';

type LoggedImport = components['schemas']['LoggedImport'];

const pageSize = 50;

interface Asked {
  project?: string;
  status?: string;
  page: number;
}

/** useImportLog asks for a page of the log: each second while a bar may move in it. */
function useImportLog({ project, status, page }: Asked) {
  return useQuery({
    queryKey: [project ? 'imports' : 'admin', 'imports', project, status, page],
    queryFn: ({ signal }) =>
      api.get<List<'imports', LoggedImport>>('/import-log', { project, status, page, pageSize }, signal),
    placeholderData: (old) => old,
    refetchInterval: (q) =>
      q.state.data?.imports.some((i) => i.status === 'pending' || i.status === 'running') ? 1000 : 30000,
  });
}

const columns: Column<LoggedImport>[] = [
  [
    'File',
    (i) => (
      <>
        {i.filename}
        {i.size != null && <div className="quiet">{bytes(i.size)}</div>}
      </>
    ),
  ],
  ['State', (i) => <State of={i} />],
  ['Runs', (i) => i.runs.length > 0 && <Runs of={i} />],
  [
    'Sent',
    (i) => (
      <>
        <Time at={i.created} />
        {i.uploader && <div className="quiet">by {i.uploader}</div>}
      </>
    ),
  ],
  ['Took', (i) => i.started && <Took of={i} />],
  ['', (i) => <Actions of={i} />],
];

const project: Column<LoggedImport> = [
  'Project',
  (i) => i.project_id && <Link to={`/project/${i.project_id}/imports`}>{i.project ?? i.project_id}</Link>,
];

interface Shown extends Asked {
  empty: ReactNode;
  go: (page: number) => void;
}

/** ImportLog is a table of imports, of one project or of all: how far each is, what became of it, what can be done about it. */
export function ImportLog({ empty, go, ...asked }: Shown) {
  return (
    <div className="import-log">
      <Listed
        name="Imports"
        asked={useImportLog(asked)}
        rows={(log) => log.imports}
        columns={asked.project ? columns : columns.toSpliced(1, 0, project)}
        id={(i) => i.id}
        empty={empty}
        page={asked.page}
        size={pageSize}
        go={go}
      />
    </div>
  );
}

function State({ of: i }: { of: LoggedImport }) {
  switch (i.status) {
    case 'pending':
      return <span className="quiet">… waits for a worker</span>;
    case 'running':
      return (
        <>
          <span className="text-xpassed">▶ {i.cancelled_by ? `is being ended by ${i.cancelled_by}` : 'is read'}</span>
          <Reading name={i.filename} progress={i.progress} />
        </>
      );
    case 'done':
      return (
        <>
          <span className="text-passed">✓ done</span>
          {i.results != null && (
            <span className="quiet"> {i.results === 1 ? '1 result' : `${count(i.results)} results`}</span>
          )}
          {i.notes.map((note) => (
            <div key={note} className="quiet">
              {note}
            </div>
          ))}
        </>
      );
  }
  if (i.cancelled_by) return <span className="quiet">◌ cancelled by {i.cancelled_by}</span>;
  return (
    <>
      <span className="text-failed">✕ failed</span>
      <div>{i.error ?? 'The file could not be read as a report.'}</div>
      <div className="quiet">Nothing of it was stored.{!i.can_retry && ' It has to be sent again.'}</div>
    </>
  );
}

const most = 3;

function Runs({ of: i }: { of: LoggedImport }) {
  const to = (run: string) => (i.project_id ? `/project/${i.project_id}/runs/${run}` : `/runs/${run}`);
  return (
    <>
      {i.runs.slice(0, most).map((r) => (
        <Link key={r} to={to(r)}>
          {i.runs.length === 1 ? 'Go to the run' : r.slice(0, 8)}{' '}
        </Link>
      ))}
      {i.runs.length > most && <span className="quiet">and {count(i.runs.length - most)} more</span>}
    </>
  );
}

/** Took is how long a worker was at it: until now, if it still is. */
function Took({ of: i }: { of: LoggedImport }) {
  const end = i.finished ? Date.parse(i.finished) : i.status === 'running' ? Date.now() : NaN;
  return <>{duration((end - Date.parse(i.started!)) / 1000)}</>;
}

function Actions({ of: i }: { of: LoggedImport }) {
  const client = useQueryClient();
  const toast = useToast();
  const act = useMutation({
    mutationFn: (what: 'retry' | 'cancel') => api.post<LoggedImport>(`/import/${i.id}/${what}`, {}),
    onError: (e) => toast('That did not work', { kind: 'danger', body: says(e) }),
    onSettled: () => client.invalidateQueries({ predicate: (q) => q.queryKey.includes('imports') }),
  });
  const button = (what: 'retry' | 'cancel', word: string) => (
    <Button size="sm" variant="secondary" isDisabled={act.isPending} onClick={() => act.mutate(what)}>
      {word}
      <span className="sr"> {i.filename}</span>
    </Button>
  );
  if (i.can_retry) return button('retry', 'Try again');
  if (i.can_cancel) return button('cancel', 'Cancel');
  return null;
}
