import { Button } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { Link } from 'react-router';
import { useProject } from '../frame';
import { useImporting } from '../head/importing';
import { api, type Import, type List } from '../lib/api';
import { ended, faultOf, readable, runsOf } from '../lib/upload';
import { Empty, Failed, Lines, Time, useTitle } from '../parts/states';

/** formatOf is what a file is, by its name: the server looks into it. */
const formatOf = (name: string | undefined): string =>
  /\.xml$/i.test(name ?? '') ? 'JUnit XML' : /\.(tar\.gz|tgz|gz|zip)$/i.test(name ?? '') ? 'archive' : '–';

export function Imports() {
  useTitle('Imports');
  const { project, base } = useProject();
  const file = useRef<HTMLInputElement>(null);
  const send = useImporting();
  const { data, error, refetch } = useQuery({
    queryKey: ['imports', project],
    queryFn: ({ signal }) =>
      api.get<List<'imports', Import>>('/import', { pageSize: 50, filter: [`metadata.project_id=${project}`] }, signal),
    refetchInterval: (q) => (q.state.data?.imports.some((i) => !ended(i)) ? 1000 : 30000),
  });
  return (
    <div>
      <div className="heading">
        <h1>Imports</h1>
      </div>
      <div className="panel">
        <input
          ref={file}
          type="file"
          multiple
          hidden
          aria-label="Files for this project"
          accept={readable}
          onChange={(e) => {
            send(e.target.files ?? []);
            e.target.value = '';
          }}
        />
        <p>
          Drop JUnit XML files or Ibutsu archives anywhere on the page, several at once, or{' '}
          <Button variant="secondary" size="sm" onClick={() => file.current?.click()}>
            choose files
          </Button>
        </p>
        <p className="quiet">
          From a pipeline: <Link to={`${base}/start`}>the commands to push with</Link>
        </p>
      </div>
      {error ? (
        <Failed error={error} what="Imports" retry={() => void refetch()} />
      ) : !data ? (
        <Lines n={4} />
      ) : data.imports.length === 0 ? (
        <Empty title="No imports yet">What is sent to this project shows up here, with what became of it.</Empty>
      ) : (
        <div className="scroll">
          <table className="plain stacks">
            <thead>
              <tr>
                <th>File</th>
                <th>Format</th>
                <th>State</th>
                <th>Runs</th>
                <th>When</th>
              </tr>
            </thead>
            <tbody>
              {data.imports.map((i) => (
                <tr key={i.id}>
                  <td data-name="File" className="break">
                    {i.filename}
                  </td>
                  <td data-name="Format">{formatOf(i.filename)}</td>
                  <td data-name="State">
                    <ImportState of={i} />
                  </td>
                  <td data-name="Runs">
                    <Runs of={i} base={base} />
                  </td>
                  <td data-name="When">
                    <Time at={i.created} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

export function ImportState({ of: i }: { of: Import }) {
  if (i.status === 'done') return <span className="text-passed">✓ done</span>;
  if (i.status !== 'error') return <span>… {i.status === 'running' ? 'reading' : 'waits for a worker'}</span>;
  return (
    <>
      <span className="text-failed">✕ failed</span>
      <div>{faultOf(i)}</div>
      <div className="quiet">Nothing of it was kept: mend the file and send it again.</div>
    </>
  );
}

const most = 5;

function Runs({ of: i, base }: { of: Import; base: string }) {
  const runs = runsOf(i);
  return (
    <>
      {runs.slice(0, most).map((r) => (
        <Link key={r} to={`${base}/runs/${r}`}>
          {runs.length === 1 ? 'Go to the run' : r.slice(0, 8)}{' '}
        </Link>
      ))}
      {runs.length > most && <span className="quiet">and {runs.length - most} more</span>}
    </>
  );
}
