import { Button } from '@patternfly/react-core';
import { useEffect, useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { useProject } from '../frame';
import type { Result } from '../lib/api';
import { trail } from '../lib/trail';
import { ClassifyBar } from '../parts/classify';
import { FilterLine } from '../parts/filterline';
import { forProject, resultColumns, Total, useFilters, useSparse } from '../parts/lists';
import { Rows } from '../parts/rows';
import { Busy, Empty, Failed, Lines, useTitle } from '../parts/states';

export function Results() {
  useTitle('Results');
  const { project, base } = useProject();
  const go = useNavigate();
  const [filters, change] = useFilters();
  const [selected, select] = useState<Map<string, Result>>(new Map());
  const list = useSparse<'results', Result>('/result', 'results', forProject(project, filters));
  const pick = (ids: Set<string>) => {
    const next = new Map<string, Result>();
    for (const id of ids) if (selected.has(id)) next.set(id, selected.get(id)!);
    for (let i = 0; i < list.total && next.size < ids.size; i++) {
      const r = list.row(i);
      if (r && ids.has(r.id!)) next.set(r.id!, r);
    }
    select(next);
  };
  const here = useLocation();
  const { row, total } = list;
  // What is loaded of the list is what [ and ] of a result keep to.
  useEffect(() => {
    const ids = Array.from({ length: Math.min(total, 1000) }, (_, i) => row(i)?.id).filter((id) => id !== undefined);
    if (ids.length) trail.keep({ title: 'results', back: `${base}/results${here.search}`, ids });
  }, [total, list.fetching, here.search]); // eslint-disable-line react-hooks/exhaustive-deps
  return (
    <div className="full">
      <div className="heading">
        <h1>Results</h1>
        {list.first.data && <Total n={list.total} what="result" />}
      </div>
      <FilterLine
        kind="result"
        project={project}
        filters={filters}
        change={(f) => {
          select(new Map());
          change(f);
        }}
      />
      <Busy on={list.fetching} />
      {selected.size > 0 && (
        <ClassifyBar
          results={[...selected.values()]}
          label={`${selected.size} selected:`}
          clear={() => select(new Map())}
        />
      )}
      {list.first.error ? (
        <Failed error={list.first.error} what="Results" retry={list.renew} />
      ) : list.first.isPending ? (
        <Lines />
      ) : list.total === 0 ? (
        <Empty
          title={filters.length ? 'No result is like this' : 'No results yet'}
          actions={
            filters.length > 0 && (
              <Button variant="link" onClick={() => change([])}>
                Clear all filters
              </Button>
            )
          }
        />
      ) : (
        <Rows
          label="Results"
          columns={resultColumns(base, filters, change)}
          total={list.total}
          row={list.row}
          id={(r) => r.id!}
          range={list.look}
          selected={new Set(selected.keys())}
          select={pick}
          open={(r) => void go(`${base}/results/${r.id}`)}
        />
      )}
    </div>
  );
}
