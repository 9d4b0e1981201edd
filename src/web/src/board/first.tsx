import { Button } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { useProject } from '../frame';
import { makeBoard } from '../lib/boards';
import { insight } from '../lib/insight';
import { jobField, starter } from '../lib/starter';
import { says } from '../parts/form';
import { Empty, Lines } from '../parts/states';
import { useToast } from '../parts/toast';
import { useImport } from './file';
import { Naming } from './naming';

/** useStarter is the dashboard that a project without one can begin with; null when it has no runs. */
function useStarter(project: string) {
  return useQuery({
    queryKey: ['starter', project],
    queryFn: async ({ signal }) => {
      const values = async (of: 'runs' | 'results', field: string) =>
        (await insight.values(project, of, field, '', signal))
          .toSorted((a, b) => b.count - a.count)
          .map((v) => v.value);
      const [components, environments, jobs, exceptions] = await Promise.all([
        values('runs', 'component'),
        values('runs', 'env'),
        values('runs', jobField),
        values('results', 'metadata.exception_name'),
      ]);
      return starter('Overview', { components, environments, jobs, exceptions });
    },
    staleTime: 60000,
    retry: false,
  });
}

/** NoBoards is where a project stands that has none: it can begin with an overview of its runs. */
export function NoBoards() {
  const { project, base } = useProject();
  const client = useQueryClient();
  const go = useNavigate();
  const toast = useToast();
  const [naming, setNaming] = useState(false);
  const [busy, setBusy] = useState(false);
  const take = useImport(project);
  const offer = useStarter(project);
  if (offer.isPending) return <Lines n={6} />;
  const begin = async () => {
    setBusy(true);
    try {
      const made = await makeBoard(project, offer.data!);
      await client.invalidateQueries({ queryKey: ['dashboards', project] });
      toast(`Dashboard “${made.title}” made`);
      void go(`${base}/dashboard/${made.id}`);
    } catch (e) {
      setBusy(false);
      toast('The dashboard was not made', { kind: 'danger', body: says(e) });
    }
  };
  return (
    <>
      <div className="heading">
        <h1>Dashboards</h1>
      </div>
      <Empty
        title="No dashboard yet"
        actions={
          <>
            {offer.data && (
              <Button onClick={() => void begin()} isLoading={busy} isDisabled={busy}>
                Begin with an overview
              </Button>
            )}
            <Button variant={offer.data ? 'secondary' : 'primary'} onClick={() => setNaming(true)}>
              New dashboard
            </Button>
            <Button variant="link" onClick={take.choose}>
              Import one
            </Button>
          </>
        }
      >
        {offer.data ? (
          <>
            A dashboard shows how a project is doing. From what the runs of this one say, an overview of{' '}
            {offer.data.widgets.length} widgets can be made:{' '}
            {offer.data.widgets.map((w) => w.title.toLowerCase()).join(', ')}. Everything in it can be changed.
          </>
        ) : (
          <>
            A dashboard shows how a project is doing. There is nothing to show of this one yet:{' '}
            <Link to={`${base}/start`}>how to push the first run</Link>.
          </>
        )}
      </Empty>
      {take.input}
      {naming && <Naming project={project} close={() => setNaming(false)} />}
    </>
  );
}
