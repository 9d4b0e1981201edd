import { Button } from '@patternfly/react-core';
import { useRef } from 'react';
import { Link, useSearchParams } from 'react-router';
import { useProject } from '../frame';
import { useImporting } from '../head/importing';
import { readable } from '../lib/upload';
import { Pages } from '../parts/form';
import { ImportLog, pageSize, useImportLog } from '../parts/importlog';
import { Empty, Failed, Lines, useTitle } from '../parts/states';

export function Imports() {
  useTitle('Imports');
  const { project, base } = useProject();
  const [params, setParams] = useSearchParams();
  const file = useRef<HTMLInputElement>(null);
  const send = useImporting();
  const page = Number(params.get('page') ?? 1) || 1;
  const { data, error, refetch } = useImportLog({ project, page });
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
        <ImportLog imports={data.imports} />
      )}
      {data && (
        <Pages
          page={page}
          total={data.pagination.totalItems}
          size={pageSize}
          go={(n) => setParams(n > 1 ? { page: String(n) } : {}, { replace: true })}
        />
      )}
    </div>
  );
}
