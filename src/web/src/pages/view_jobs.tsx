import { Button } from '@patternfly/react-core';
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { useProject } from '../frame';
import { api, type Pagination } from '../lib/api';
import { address, analysisOf, filtersOf } from '../lib/ask';
import { add, print, toAPI, type Filter } from '../lib/filter';
import { duration } from '../lib/format';
import type { Build } from '../lib/marks';
import { countsOf, passRate } from '../lib/runs';
import { FilterLine } from '../parts/filterline';
import { Total, useFilters } from '../parts/lists';
import { Bar, Tally } from '../parts/outcome';
import { Rows, type Column } from '../parts/rows';
import { Busy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import type { ViewProps } from './view';

type Row = Build & { _id: string };
const size = 50;

const counts = (b: Build) => countsOf({ summary: b.summary } as never);
/** A link of a build comes from whoever pushed the run. */
const web = (url: string | null): string | null => (url && /^https?:\/\//i.test(url) ? url : null);

export function JobsView({ title, params }: ViewProps) {
  useTitle(title);
  const { project, base } = useProject();
  const go = useNavigate();
  const [filters, change] = useFilters();
  const own = filtersOf(params);
  const filter = [...toAPI(own), ...toAPI(filters)];
  const [range, setRange] = useState<[number, number]>([1, 1]);
  const look = useCallback(
    (from: number, to: number) => setRange([Math.floor(from / size) + 1, Math.floor(to / size) + 1]),
    [],
  );
  const page = (n: number) => ({
    queryKey: ['builds', project, filter, params['run_limit'], n],
    staleTime: 15000,
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      api.get<{ jobs: Row[]; pagination: Pagination }>(
        '/widget/jenkins-job-view',
        {
          additional_filters: filter,
          project,
          page: n,
          page_size: size,
          run_limit: (params['run_limit'] as number | undefined) ?? null,
        },
        signal,
      ),
  });
  const first = useQuery({ ...page(1), placeholderData: keepPreviousData });
  const total = first.data?.pagination.totalItems ?? 0;
  const wanted: number[] = [];
  for (let n = Math.max(2, range[0]); n <= Math.min(range[1], Math.ceil(total / size)); n++) wanted.push(n);
  const others = useQueries({ queries: wanted.map(page) });
  const row = (i: number): Row | undefined => {
    const n = Math.floor(i / size) + 1;
    return (n === 1 ? first.data : others[wanted.indexOf(n)]?.data)?.jobs[i % size];
  };
  const eq = (field: string, value: string): Filter => ({ field, operator: 'eq', value });
  const runs = (b: Build) =>
    address(`${base}/runs`, [
      eq('metadata.jenkins.job_name', b.job_name),
      eq('metadata.jenkins.build_number', b.build_number),
    ]);
  const by = (field: string, value: string | null) =>
    value && (
      <button
        type="button"
        className="value"
        title={`Only ${value}`}
        onClick={() => change(add(filters, eq(field, value)))}
      >
        {value}
      </button>
    );
  const columns: Column<Row>[] = [
    {
      name: 'Job',
      width: 'minmax(7rem, 2.4fr)',
      cell: (b) => (
        <Link className="name" to={analysisOf(base, b.job_name, [...own, ...filters])} title={`Analyse ${b.job_name}`}>
          {b.job_name}
        </Link>
      ),
    },
    {
      name: 'Build',
      width: 'minmax(4rem, .7fr)',
      cell: (b) =>
        web(b.build_url) ? (
          <a href={web(b.build_url)!} target="_blank" rel="noreferrer noopener" title="Open the build where it ran">
            {b.build_number} ↗
          </a>
        ) : (
          <span title={b.build_number}>{b.build_number}</span>
        ),
    },
    { name: 'Outcome', width: 'minmax(4rem, 1fr)', cell: (b) => <Bar counts={counts(b)} /> },
    { name: 'Tests', width: 'minmax(15rem, 2fr)', wide: true, cell: (b) => <Tally counts={counts(b)} /> },
    {
      name: 'Pass',
      width: '4rem',
      wide: true,
      cell: (b) => {
        const p = passRate(counts(b));
        return p == null ? '–' : `${p} %`;
      },
    },
    { name: 'Env', width: 'minmax(3rem, .7fr)', wide: true, cell: (b) => by('env', b.env) },
    { name: 'Source', width: 'minmax(4rem, .8fr)', wide: true, cell: (b) => by('source', b.source) },
    { name: 'Duration', width: '5rem', wide: true, cell: (b) => duration(b.duration) },
    { name: 'Started', width: '6rem', wide: true, cell: (b) => <Time at={b.start_time} /> },
    {
      name: 'Runs',
      width: '4.5rem',
      cell: (b) => (
        <Link to={runs(b)}>
          See runs
          <span className="sr">
            {' '}
            of {b.job_name} {b.build_number}
          </span>
        </Link>
      ),
    },
  ];
  return (
    <div className="full">
      <div className="heading">
        <h1>{title}</h1>
        {first.data && <Total n={total} what="build" />}
      </div>
      {own.length > 0 && <p className="quiet">This view shows only {own.map(print).join(', ')}.</p>}
      <FilterLine kind="run" project={project} filters={filters} change={change} />
      <Busy on={first.isFetching || others.some((o) => o.isFetching)} />
      {first.error ? (
        <Failed error={first.error} what="Builds" retry={() => void first.refetch()} />
      ) : !first.data ? (
        <Lines />
      ) : total === 0 ? (
        <Empty
          title={filters.length ? 'No build is like this' : 'No builds yet'}
          actions={
            filters.length > 0 && (
              <Button variant="link" onClick={() => change([])}>
                Clear all filters
              </Button>
            )
          }
        >
          A run belongs to a build by metadata.jenkins.job_name and metadata.jenkins.build_number.
        </Empty>
      ) : (
        <Rows
          label="Builds"
          columns={columns}
          total={total}
          row={row}
          id={(b) => b._id}
          range={look}
          open={(b) => void go(runs(b))}
        />
      )}
    </div>
  );
}
