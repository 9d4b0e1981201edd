import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { useProject } from '../frame';
import { api } from '../lib/api';
import { address as listed, analysisKeys, toText, type Params } from '../lib/ask';
import { FilterLine } from '../parts/filterline';
import { useFilters, useQueryText } from '../parts/lists';
import { Busy, Empty, Failed, Lines, useTitle } from '../parts/states';
import { Tabs, useTab } from '../parts/tabs';
import { useWidget, WidgetBody, type Given } from '../widgets/card';
import { useKnown } from '../widgets/wizard';
import type { ViewProps } from './view';

interface Parts {
  barchart_params: Params;
  heatmap_params: Params;
  linechart_params: Params;
}

const tabs: [string, string][] = [
  ['heatmap', 'Heatmap'],
  ['overall-health', 'Health'],
  ['build-durations', 'Duration'],
];
const groups = ['component', 'env', 'source'];

/** plain takes off what the original's links put before a value. */
const plain = (value: string | null): string => (value ?? '').replace(/^\[eq\]/, '');

export function AnalysisView({ title, params }: ViewProps) {
  const { project, base } = useProject();
  const [address, setAddress] = useQueryText();
  const [tab, choose] = useTab(
    tabs.map(([n]) => n),
    { 'overall-health-bar': 'overall-health', health: 'overall-health', duration: 'build-durations' },
  );
  const job = plain(address.get('job_name')) || String(params['job_name'] ?? '');
  const jobs = useKnown(project, 'metadata.jenkins.job_name');
  useTitle(job ? `${job} · ${title}` : title);
  const wanted = Number(address.get('builds')) || Number(params['builds']) || 30;
  const builds = Math.min(150, Math.max(1, wanted));
  const [filters, change] = useFilters(analysisKeys);
  const now = useMemo(() => new Date(), []);
  const given: Given = { project, base, vars: { days: '', env: '', component: '' }, now, renew: false };
  const parts = useQuery({
    queryKey: ['analysis', project, job, builds],
    enabled: !!job,
    queryFn: ({ signal }) =>
      api.get<Parts>('/widget/jenkins-analysis-view', { job_name: job, builds, project }, signal),
  });
  const put = (name: string, value: string) =>
    setAddress((old) => {
      const next = new URLSearchParams(old);
      if (value) next.set(name, value);
      else next.delete(name);
      return next;
    });
  const skips = address.get('count_skips') !== 'no';
  const group = address.get('group_field') ?? '';
  const area = address.get('chart') === 'area';
  const numbers = address.get('as') === 'table';
  const kind =
    tab === 'heatmap' ? 'jenkins-heatmap' : tab === 'overall-health' ? 'jenkins-bar-chart' : 'jenkins-line-chart';
  const limits = filters.length > 0 && { additional_filters: toText(filters) };
  const chosen: Params | undefined =
    parts.data &&
    (tab === 'heatmap'
      ? { ...parts.data.heatmap_params, ...limits, count_skips: skips, ...(group && { group_field: group }) }
      : tab === 'overall-health'
        ? { ...parts.data.barchart_params, ...limits }
        : { ...parts.data.linechart_params, ...limits });
  const answer = useWidget(kind, chosen ?? {}, given, !!chosen);
  if (!job)
    return (
      <>
        <div className="heading">
          <h1>{title}</h1>
        </div>
        {jobs.length === 0 ? (
          <Empty title="No job is known yet">
            A run belongs to a job by metadata.jenkins.job_name and metadata.jenkins.build_number.
          </Empty>
        ) : (
          <div className="panel narrow">
            <h2>Which job?</h2>
            <ul className="plain-list">
              {jobs.map((j) => (
                <li key={j} className="line-item">
                  <Link to={`?job_name=${encodeURIComponent(j)}`}>{j}</Link>
                </li>
              ))}
            </ul>
          </div>
        )}
      </>
    );
  const most = tab === 'heatmap' ? 40 : 150;
  const steps = [10, 20, 30, 40, 70, 100, 150].filter((n) => n <= most);
  const shown = Math.min(builds, most);
  return (
    <div className="full">
      <div className="heading">
        <h1 className="analysis-title" title={job}>
          {job}
        </h1>
        <label className="choice">
          <span>Job</span>
          <select value={job} onChange={(e) => put('job_name', e.target.value)}>
            {[...new Set([job, ...jobs])].map((j) => (
              <option key={j}>{j}</option>
            ))}
          </select>
        </label>
        <span className="spring" />
        <Link
          to={listed(`${base}/runs`, [{ field: 'metadata.jenkins.job_name', operator: 'eq', value: job }, ...filters])}
        >
          All its runs
        </Link>
      </div>
      <FilterLine kind="run" project={project} filters={filters} change={change} />
      <Tabs tabs={tabs} tab={tab} choose={choose} />
      <div className="variables">
        <label className="choice">
          <span>Builds</span>
          <select value={shown} onChange={(e) => put('builds', e.target.value)}>
            {[...new Set([...steps, shown])]
              .sort((a, b) => a - b)
              .map((n) => (
                <option key={n}>{n}</option>
              ))}
          </select>
        </label>
        {tab === 'heatmap' && (
          <label className="choice">
            <span>Group by</span>
            <select
              value={group || String(chosen?.['group_field'] ?? 'component')}
              onChange={(e) => put('group_field', e.target.value)}
            >
              {[...new Set([...groups, ...(group ? [group] : [])])].map((g) => (
                <option key={g}>{g}</option>
              ))}
            </select>
          </label>
        )}
        {tab === 'heatmap' && (
          <label className="choice">
            <input type="checkbox" checked={skips} onChange={(e) => put('count_skips', e.target.checked ? '' : 'no')} />
            <span>Skips are failures</span>
          </label>
        )}
        {tab === 'overall-health' && (
          <label className="choice">
            <span>Drawn as</span>
            <select
              value={area ? 'area' : 'bars'}
              onChange={(e) => put('chart', e.target.value === 'area' ? 'area' : '')}
            >
              <option>bars</option>
              <option>area</option>
            </select>
          </label>
        )}
        <label className="choice">
          <input type="checkbox" checked={numbers} onChange={(e) => put('as', e.target.checked ? 'table' : '')} />
          <span>Numbers as a table</span>
        </label>
      </div>
      <Busy on={answer.isFetching} />
      {parts.error ? (
        <Failed error={parts.error} what="The analysis" retry={() => void parts.refetch()} />
      ) : !chosen ? (
        <Lines />
      ) : (
        <div className="panel analysis">
          <WidgetBody
            key={kind}
            widget={kind}
            params={chosen}
            given={given}
            numbers={numbers}
            title={`${job}, ${tab}`}
            answer={answer}
            area={area}
          />
        </div>
      )}
    </div>
  );
}
