import { Button } from '@patternfly/react-core';
import { useMemo, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { useProject } from '../frame';
import type { Run } from '../lib/api';
import { asked } from '../lib/asked';
import { forProject, fromAddress } from '../lib/filter';
import type { Ask } from '../lib/page';
import { meta } from '../lib/runs';
import { ColumnChooser, useColumns } from '../parts/columns';
import { FilterLine } from '../parts/filterline';
import { runColumns, Total, useFilters, useOrder, Newer, useSparse, usualRunColumns } from '../parts/lists';
import { ListTools } from '../parts/listtools';
import { Rows } from '../parts/rows';
import { Busy, Empty, Failed, Lines, useTitle } from '../parts/states';

export function Runs() {
  useTitle('Runs');
  const { project, base } = useProject();
  const go = useNavigate();
  const [filters, change, narrow] = useFilters();
  const [selected, select] = useState<Set<string>>(new Set());
  const all = useMemo(() => runColumns(base, narrow), [base, narrow]);
  const { columns, chosen, choose } = useColumns('run', all, usualRunColumns, narrow);
  const { orderBy, sort, sorted } = useOrder(columns);
  const filter = forProject(project, filters);
  const list = useSparse<'runs', Run>('/run', 'runs', filter, orderBy, selected.size > 0);
  const pair = [...selected];
  const only = (field: string, value: string | null | undefined, name: string) => [
    value && { label: `Only ${name} ${value}`, run: () => narrow({ field, operator: 'eq', value }) },
    value && { label: `Without ${name} ${value}`, run: () => narrow({ field, operator: 'ne', value }) },
  ];
  const actions = (r: Run) =>
    [
      { label: 'Open', to: `${base}/runs/${r.id}` },
      { label: 'Its failures', to: `${base}/results?run_id=${r.id}&result=[in]failed;error` },
      { label: 'Copy its id', run: () => void navigator.clipboard.writeText(r.id!) },
      ...only('component', r.component, 'component'),
      ...only('env', r.env, 'environment'),
      ...only('metadata.jenkins.job_name', meta(r, 'jenkins.job_name'), 'job'),
    ].map((a) => a || false);
  return (
    <div className="full">
      <div className="heading">
        <h1>Runs</h1>
        {list.first.data && <Total n={list.total} what="run" />}
        <span className="spring" />
        {pair.length === 1 && <span className="quiet">One selected: another one to compare them</span>}
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
        <ColumnChooser list="run" names={all.map((c) => c.name)} chosen={chosen} choose={choose} />
        <ListTools path="/run" kind="runs" filter={filter} orderBy={orderBy} columns={columns} total={list.total} />
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
          <Empty title="No runs yet" actions={<Link to={`${base}/start`}>How to push the first run</Link>} />
        )
      ) : (
        <>
          <Newer n={list.newer} what="run" show={list.renew} />
          <Rows
            list={list.key}
            label="Runs"
            columns={columns}
            total={list.total}
            row={list.row}
            id={(r) => r.id!}
            range={list.look}
            selected={selected}
            select={select}
            sort={sorted}
            onSort={sort}
            actions={actions}
            open={(r) => void go(`${base}/runs/${r.id}`)}
          />
        </>
      )}
    </div>
  );
}

Runs.ask = ((client, { project }, address) =>
  client.prefetchQuery(
    asked.rows('/run', 'runs', forProject(project, fromAddress(address)), address.get('sort') ?? '', 1),
  )) satisfies Ask;
