import { Button } from '@patternfly/react-core';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { useProject } from '../frame';
import type { Run } from '../lib/api';
import { FilterLine } from '../parts/filterline';
import { forProject, runColumns, Total, useFilters, useSparse } from '../parts/lists';
import { Rows } from '../parts/rows';
import { Busy, Empty, Failed, Lines, useTitle } from '../parts/states';

export function Runs() {
  useTitle('Runs');
  const { project, base } = useProject();
  const go = useNavigate();
  const [filters, change] = useFilters();
  const [selected, select] = useState<Set<string>>(new Set());
  const list = useSparse<'runs', Run>('/run', 'runs', forProject(project, filters));
  const pair = [...selected];
  return (
    <div className="full">
      <div className="heading">
        <h1>Runs</h1>
        {list.first.data && <Total n={list.total} what="run" />}
        <span className="spring" />
        {pair.length === 2 && (
          <Link className="pf-v6-c-button pf-m-primary pf-m-small" to={`${base}/compare?a=${pair[0]}&b=${pair[1]}`}>
            Compare the two
          </Link>
        )}
        {pair.length > 0 && (
          <Button variant="link" size="sm" onClick={() => select(new Set())}>
            Clear selection
          </Button>
        )}
      </div>
      <FilterLine kind="run" project={project} filters={filters} change={change} />
      <Busy on={list.fetching} />
      {list.first.error ? (
        <Failed error={list.first.error} what="Runs" retry={list.renew} />
      ) : list.first.isPending ? (
        <Lines />
      ) : list.total === 0 ? (
        filters.length ? (
          <Empty
            title="No run is like this"
            actions={
              <Button variant="link" onClick={() => change([])}>
                Clear all filters
              </Button>
            }
          />
        ) : (
          <Empty title="No runs yet" actions={<Link to={`${base}/imports`}>How to push the first run</Link>} />
        )
      ) : (
        <Rows
          label="Runs"
          columns={runColumns(base, filters, change)}
          total={list.total}
          row={list.row}
          id={(r) => r.id!}
          range={list.look}
          selected={selected}
          select={select}
          open={(r) => void go(`${base}/runs/${r.id}`)}
        />
      )}
    </div>
  );
}
