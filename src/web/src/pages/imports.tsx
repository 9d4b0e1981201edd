import { Button } from '@patternfly/react-core';
import { useRef } from 'react';
import { Link } from 'react-router';
import { useProject } from '../frame';
import { useImporting } from '../head/importing';
import { readable } from '../lib/upload';
import { usePage } from '../parts/address';
import { ImportLog } from '../parts/importlog';
import { Empty, useTitle } from '../parts/states';

export function Imports() {
  useTitle('Imports');
  const { project, base } = useProject();
  const [page, go] = usePage();
  const file = useRef<HTMLInputElement>(null);
  const send = useImporting();
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
      <ImportLog
        project={project}
        page={page}
        empty={
          <Empty title="No imports yet">What is sent to this project shows up here, with what became of it.</Empty>
        }
        go={go}
      />
    </div>
  );
}
