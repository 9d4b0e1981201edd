import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router';
import { useProject } from '../frame';
import { count, duration } from '../lib/format';
import { insight, type Series } from '../lib/insight';
import { passRate, seriesTitle } from '../lib/runs';
import { FilterLine } from '../parts/filterline';
import { forProject, TestName, useFilters } from '../parts/lists';
import { Bar, Outcome, Spark } from '../parts/outcome';
import { Busy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';

type Kind = 'newly_failing' | 'still_failing' | 'fixed';

export function Triage() {
  useTitle('Triage');
  const { project, base } = useProject();
  const [filters, change] = useFilters();
  const [params, setParams] = useSearchParams();
  const open = params.get('open') ?? '';
  const filter = forProject(project, filters);
  const found = useQuery({
    queryKey: ['triage', filter],
    queryFn: ({ signal }) => insight.triage(project, filter, signal),
    refetchInterval: 60000,
    placeholderData: keepPreviousData,
  });
  const toggle = (key: string) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        if (open === key) next.delete('open');
        else next.set('open', key);
        return next;
      },
      { replace: true },
    );
  if (found.error) return <Failed error={found.error} what="Runs" retry={() => void found.refetch()} />;
  const fresh = (found.data ?? []).reduce((n, s) => n + s.newly_failing, 0);
  return (
    <div>
      <div className="heading">
        <h1>Triage</h1>
        {found.data && (
          <span className={fresh ? 'text-failed' : 'quiet'}>
            {fresh ? `${count(fresh)} new ${fresh === 1 ? 'failure' : 'failures'}` : 'nothing new is failing'}
          </span>
        )}
      </div>
      <FilterLine kind="run" project={project} filters={filters} change={change} />
      <Busy on={found.isFetching} />
      {!found.data ? (
        <Lines />
      ) : found.data.length === 0 ? (
        filters.length ? (
          <Empty title="No run is like this" />
        ) : (
          <Empty title="No runs yet" actions={<Link to={`${base}/imports`}>How to push the first run</Link>}>
            The newest run of each component, environment and job shows up here, with what changed.
          </Empty>
        )
      ) : (
        <div className="series">
          {found.data.map((s) => (
            <Row
              key={s.run}
              series={s}
              project={project}
              base={base}
              open={open.startsWith(s.run) ? (open.slice(s.run.length + 1) as Kind) : null}
              toggle={(kind) => toggle(`${s.run}.${kind}`)}
            />
          ))}
        </div>
      )}
    </div>
  );
}

function Row({
  series: s,
  project,
  base,
  open,
  toggle,
}: {
  series: Series;
  project: string;
  base: string;
  open: Kind | null;
  toggle: (kind: Kind) => void;
}) {
  const counts = { ...s.counts, total: s.counts.tests };
  const p = passRate(counts);
  const chip = (kind: Kind, sign: string, word: string, style: string) =>
    s[kind] > 0 && (
      <button type="button" className={`change ${style}`} aria-expanded={open === kind} onClick={() => toggle(kind)}>
        {sign} {count(s[kind])} {word}
      </button>
    );
  return (
    <section className="panel serie">
      <div className="serie-row">
        <h2>
          <Link to={`${base}/runs/${s.run}`}>{seriesTitle(s)}</Link>
        </h2>
        <Bar counts={counts} />
        <span className="pass">{p == null ? '–' : `${p} %`}</span>
        <span className="changes">
          {chip('newly_failing', '▲', 'new', 'text-failed')}
          {chip('still_failing', '■', 'still failing', 'text-error')}
          {chip('fixed', '▼', 'fixed', 'text-passed')}
          {!s.newly_failing && !s.still_failing && !s.fixed && (
            <span className="quiet">{counts.total ? 'all good' : 'no results yet'}</span>
          )}
          {s.unclassified > 0 && <span className="quiet">{count(s.unclassified)} to classify</span>}
          {s.assignees.length > 0 && (
            <span className="quiet" title={s.assignees.join(', ')}>
              {s.assignees[0]}
              {s.assignees.length > 1 ? ` and ${s.assignees.length - 1} more` : ''}
            </span>
          )}
        </span>
        <span className="trend">
          <Spark label={`Duration of the newest ${s.past.length} runs`} values={s.past.map((r) => r.duration ?? 0)} />{' '}
          <span className="quiet">{duration(s.duration)}</span>
        </span>
        <span className="age">
          <Time at={s.start_time} />
        </span>
      </div>
      {open && <Changed series={s} kind={open} project={project} base={base} />}
    </section>
  );
}

interface Test {
  id: string;
  test: string;
  result: string | null | undefined;
}

/** testsOf lists the tests of a change. The first run of a series has nothing to compare with: there all that fails is new. */
async function testsOf(project: string, s: Series, kind: Kind, signal: AbortSignal): Promise<Test[]> {
  if (!s.previous) {
    const failures = await insight.failuresOf(project, s.run, signal);
    const first = new Map<string, Test>();
    for (const r of failures.groups.flatMap((g) => g.results ?? []))
      if (r.test_id && !first.has(r.test_id)) first.set(r.test_id, { id: r.id, test: r.test_id, result: r.result });
    return [...first.values()];
  }
  const compared = await insight.compare(project, s.run, s.previous, kind, signal);
  return compared.tests.map((t) => ({ id: (t.after ?? t.before)!.id, test: t.test_id, result: t.after?.result }));
}

function Changed({ series, kind, project, base }: { series: Series; kind: Kind; project: string; base: string }) {
  const tests = useQuery({
    queryKey: ['triage-tests', series.run, series.previous, kind, series[kind]],
    queryFn: ({ signal }) => testsOf(project, series, kind, signal),
    staleTime: 60000,
    placeholderData: keepPreviousData,
  });
  if (tests.error) return <Failed error={tests.error} what="The tests" retry={() => void tests.refetch()} />;
  if (!tests.data) return <Lines n={Math.min(series[kind], 5)} />;
  return (
    <>
      <ul className="plain-list">
        {tests.data.map((t) => (
          <li key={t.id} className="line-item">
            <Outcome state={t.result ?? undefined} />
            <TestName id={t.test} to={`${base}/results/${t.id}`} />
          </li>
        ))}
      </ul>
      {tests.data.length < series[kind] && (
        <p className="quiet">and {count(series[kind] - tests.data.length)} more, in the run</p>
      )}
    </>
  );
}
