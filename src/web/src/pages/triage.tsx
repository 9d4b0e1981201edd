import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { Link } from 'react-router';
import { useProject } from '../frame';
import { api, type List, type Result, type Run } from '../lib/api';
import { count, duration } from '../lib/format';
import { countsOf, lines, passRate, titleOf } from '../lib/runs';
import { FilterLine } from '../parts/filterline';
import { forProject, TestName, useFilters } from '../parts/lists';
import { Bar, Outcome, Spark } from '../parts/outcome';
import { Busy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';

/** failuresOf gives the failures of the runs, by run; all pages of them. */
async function failuresOf(project: string, runs: string[], signal: AbortSignal): Promise<Map<string, Result[]>> {
  const found = new Map<string, Result[]>(runs.map((r) => [r, []]));
  for (let i = 0; i < runs.length; i += 20) {
    for (let page = 1, pages = 1; page <= pages; page++) {
      const list = await api.get<List<'results', Result>>('/result', { filter: [`run_id*${runs.slice(i, i + 20).join(';')}`, `project_id=${project}`, 'result*failed;error'], pageSize: 500, page }, signal);
      pages = Math.min(list.pagination.totalPages, 20);
      for (const r of list.results) found.get(r.run_id ?? '')?.push(r);
    }
  }
  return found;
}

interface Change { fresh: Result[]; still: Result[]; fixed: Result[] }

export function Triage() {
  useTitle('Triage');
  const { project, base } = useProject();
  const [filters, change] = useFilters();
  const [open, setOpen] = useState('');
  const filter = forProject(project, filters);
  const runs = useQuery({ queryKey: ['runs', 'triage', filter], queryFn: ({ signal }) => api.get<List<'runs', Run>>('/run', { filter, pageSize: 500, estimate: true }, signal), refetchInterval: 60000 });
  const series = useMemo(() => lines(runs.data?.runs ?? []).slice(0, 60), [runs.data]);
  const pairs = series.flatMap((s) => s.slice(0, 2).map((r) => r.id!));
  const failures = useQuery({ queryKey: ['results', 'triage', pairs], enabled: pairs.length > 0, placeholderData: keepPreviousData, staleTime: 60000, queryFn: ({ signal }) => failuresOf(project, pairs, signal) });
  const changes = useMemo(() => new Map(series.map((s): [string, Change | null] => {
    const now = failures.data?.get(s[0]!.id!);
    if (!now) return [s[0]!.id!, null];
    const before = s[1] ? (failures.data!.get(s[1].id!) ?? []) : [];
    const [a, b] = [new Set(before.map((r) => r.test_id)), new Set(now.map((r) => r.test_id))];
    return [s[0]!.id!, { fresh: now.filter((r) => !a.has(r.test_id)), still: now.filter((r) => a.has(r.test_id)), fixed: before.filter((r) => !b.has(r.test_id)) }];
  })), [series, failures.data]);
  if (runs.error) return <Failed error={runs.error} what="Runs" retry={() => void runs.refetch()} />;
  const fresh = [...changes.values()].reduce((n, c) => n + (c?.fresh.length ?? 0), 0);
  return (
    <div>
      <div className="heading"><h1>Triage</h1>{failures.data && <span className={fresh ? 'text-failed' : 'quiet'}>{fresh ? `${count(fresh)} new ${fresh === 1 ? 'failure' : 'failures'}` : 'nothing new is failing'}</span>}</div>
      <FilterLine kind="run" project={project} filters={filters} change={change} />
      <Busy on={runs.isFetching || failures.isFetching} />
      {!runs.data ? <Lines /> : series.length === 0
        ? (filters.length ? <Empty title="No run is like this" /> : <Empty title="No runs yet" actions={<Link to={`${base}/imports`}>How to push the first run</Link>}>The newest run of each component, environment and job shows up here, with what changed.</Empty>)
        : <div className="series">
          {series.map((s) => {
            const run = s[0]!;
            const c = changes.get(run.id!);
            const counts = countsOf(run);
            const p = passRate(counts);
            const toggle = (kind: keyof Change) => { const key = `${run.id} ${kind}`; setOpen(open === key ? '' : key); };
            const kind = open.startsWith(run.id + ' ') ? (open.split(' ')[1] as keyof Change) : null;
            const chip = (k: keyof Change, sign: string, word: string, style: string) => c && c[k].length > 0 && <button type="button" className={`change ${style}`} aria-expanded={kind === k} onClick={() => toggle(k)}>{sign} {c[k].length} {word}</button>;
            return (
              <section key={run.id} className="panel serie">
                <div className="serie-row">
                  <h2><Link to={`${base}/runs/${run.id}`}>{titleOf(run)}</Link></h2>
                  <Bar counts={counts} />
                  <span className="pass">{p == null ? '–' : `${p} %`}</span>
                  <span className="changes">{c === null ? <span className="quiet">…</span> : <>{chip('fresh', '▲', 'new', 'text-failed')}{chip('still', '■', 'still failing', 'text-error')}{chip('fixed', '▼', 'fixed', 'text-passed')}{c && !c.fresh.length && !c.still.length && !c.fixed.length && <span className="quiet">{counts.total ? 'all good' : 'no results yet'}</span>}</>}</span>
                  <span className="trend"><Spark label={`Duration of the newest ${Math.min(s.length, 14)} runs`} values={s.slice(0, 14).map((r) => r.duration ?? 0).reverse()} /> <span className="quiet">{duration(run.duration)}</span></span>
                  <span className="age"><Time at={run.start_time} /></span>
                </div>
                {kind && c && <ul className="plain-list">{c[kind].slice(0, 100).map((r) => <li key={r.id} className="line-item"><Outcome state={kind === 'fixed' ? 'passed' : r.result} /><TestName id={r.test_id ?? r.id!} to={kind === 'fixed' ? `${base}/test?q=${encodeURIComponent(r.test_id ?? '')}` : `${base}/results/${r.id}`} /></li>)}</ul>}
              </section>
            );
          })}
        </div>}
    </div>
  );
}
