import { Button } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { Link } from 'react-router';
import { useProject } from '../frame';
import { api, APIError, type Import, type List } from '../lib/api';
import { Copy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import { useToast } from '../parts/toast';

const runsOf = (i: Import): string[] =>
  [i.run_id ?? (i.metadata?.['run_id'] as string | string[] | undefined) ?? []].flat().filter(Boolean);
const ended = (i: Import): boolean => i.status === 'done' || i.status === 'error';

export function Imports() {
  useTitle('Imports');
  const { project, base } = useProject();
  const client = useQueryClient();
  const toast = useToast();
  const file = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [over, setOver] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: ['imports', project],
    queryFn: ({ signal }) =>
      api.get<List<'imports', Import>>('/import', { pageSize: 50, filter: [`metadata.project_id=${project}`] }, signal),
    refetchInterval: (q) => (q.state.data?.imports.some((i) => !ended(i)) ? 1000 : 30000),
  });
  const send = async (files: FileList | null) => {
    setBusy(true);
    for (const f of files ?? []) {
      const form = new FormData();
      form.set('project', project);
      form.set('importFile', f, f.name);
      try {
        await api.post('/import', form);
        toast(`${f.name} is being imported`, { kind: 'info' });
      } catch (e) {
        toast(`${f.name} was not imported`, { kind: 'danger', body: e instanceof APIError ? e.message : String(e) });
      }
    }
    setBusy(false);
    if (file.current) file.current.value = '';
    void client.invalidateQueries({ queryKey: ['imports'] });
  };
  const command = `ibutsu push --server ${location.origin}/api --project ${project} results.xml`;
  return (
    <div>
      <div className="heading">
        <h1>Imports</h1>
      </div>
      <div
        className={`panel drop${over ? ' over' : ''}`}
        onDragOver={(e) => {
          e.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(e) => {
          e.preventDefault();
          setOver(false);
          void send(e.dataTransfer.files);
        }}
      >
        <input
          ref={file}
          type="file"
          multiple
          hidden
          aria-label="Files to import"
          accept=".xml,.tar.gz,.tgz,.gz,.zip"
          onChange={(e) => void send(e.target.files)}
        />
        <p>
          Drop JUnit XML files or Ibutsu archives here, or{' '}
          <Button
            variant="secondary"
            size="sm"
            isLoading={busy}
            isDisabled={busy}
            onClick={() => file.current?.click()}
          >
            choose files
          </Button>
        </p>
        <p className="quiet">
          From a pipeline, with a <Link to="/profile/tokens">token</Link>:
        </p>
        <p className="command">
          <code>IBUTSU_TOKEN=… {command}</code>
          <Copy text={command} label="Copy the command" />
        </p>
        <p className="command">
          <code>
            pytest --ibutsu {location.origin}/api --ibutsu-project {project} --ibutsu-token …
          </code>
          <Copy
            text={`pytest --ibutsu ${location.origin}/api --ibutsu-project ${project} --ibutsu-token `}
            label="Copy the pytest command"
          />
        </p>
      </div>
      {error ? (
        <Failed error={error} what="Imports" retry={() => void refetch()} />
      ) : !data ? (
        <Lines n={4} />
      ) : data.imports.length === 0 ? (
        <Empty title="No imports yet" />
      ) : (
        <table className="plain">
          <thead>
            <tr>
              <th>File</th>
              <th>State</th>
              <th>Runs</th>
              <th>When</th>
            </tr>
          </thead>
          <tbody>
            {data.imports.map((i) => (
              <tr key={i.id}>
                <td>{i.filename}</td>
                <td>
                  <span className={i.status === 'error' ? 'text-failed' : i.status === 'done' ? 'text-passed' : ''}>
                    {i.status === 'done' ? '✓ done' : i.status === 'error' ? '✕ failed' : `… ${i.status}`}
                  </span>
                  {i.status === 'error' && (
                    <div className="quiet">
                      {String(
                        i.metadata?.['error'] ?? i.metadata?.['message'] ?? 'The file could not be read as a report.',
                      )}
                    </div>
                  )}
                </td>
                <td>
                  {runsOf(i).map((r) => (
                    <Link key={r} to={`${base}/runs/${r}`}>
                      {r.slice(0, 8)}{' '}
                    </Link>
                  ))}
                </td>
                <td>
                  <Time at={i.created} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
