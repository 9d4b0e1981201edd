import { Button } from '@patternfly/react-core';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { useProject } from '../frame';
import { api, type List, type Run } from '../lib/api';
import { changes } from '../lib/compare';
import { parse, toAPI } from '../lib/filter';
import { count, duration } from '../lib/format';
import { insight, type Comparison } from '../lib/insight';
import { countsOf, passRate, titleOf } from '../lib/runs';
import { useAddress } from '../parts/address';
import { Difference } from '../parts/difference';
import { useResult } from '../parts/failure';
import { TestName } from '../parts/lists';
import { Outcome } from '../parts/outcome';
import { Busy, Copy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import { useRun } from './result';
import './compare.css';

const size = 50;

export function Compare() {
  useTitle('Compare');
  const { project, base } = useProject();
  const [params, setParams] = useSearchParams();
  const [older, newer] = [params.getAll('a'), params.getAll('b')];
  const put = (a: string[], b: string[]) => {
    const next = new URLSearchParams();
    for (const run of a) next.append('a', run);
    for (const run of b) next.append('b', run);
    setParams(next);
  };
  // With the newer side alone the server takes the build before it.
  const sums = useQuery({
    queryKey: ['compare', project, newer, older, 'sums'],
    enabled: newer.length > 0,
    staleTime: 60000,
    queryFn: ({ signal }) => insight.compare(project, newer, older, { pageSize: 1 }, signal),
  });
  return (
    <div>
      <div className="heading">
        <h1>Compare</h1>
        {sums.data?.previous && <Copy text={location.href} label="Copy the link to this comparison" />}
      </div>
      <div className="sides">
        <Side
          label="Before"
          runs={sums.data ? sums.data.previous_runs : older}
          choose={(run) => put(run ? [run] : [], newer)}
          hint={newer.length ? 'the build before of the same job, component and environment' : ''}
          automatic={older.length === 0}
        />
        <Button
          variant="plain"
          aria-label="Swap the sides"
          title="Swap the sides"
          isDisabled={!older.length || !newer.length}
          onClick={() => put(newer, older)}
        >
          ⇄
        </Button>
        <Side
          label="Now"
          runs={sums.data?.runs ?? newer}
          choose={(run) => put(older, run ? [run] : [])}
          hint=""
          automatic={false}
        />
      </div>
      {newer.length === 0 ? (
        <Empty title="Choose two runs" actions={<Link to={`${base}/runs`}>Runs</Link>}>
          Find them here, select two in the list of runs, or open a run and compare it with the build before.
        </Empty>
      ) : sums.error ? (
        <Failed error={sums.error} what="The comparison" retry={() => void sums.refetch()} />
      ) : !sums.data ? (
        <Lines />
      ) : !sums.data.previous ? (
        <Empty title="There is no build before">
          It is the first of its job, component and environment. Choose another run to compare it with.
        </Empty>
      ) : changes.every(([change]) => !sums.data.counts[change]) ? (
        <Empty title="Nothing changed">All tests ended as before.</Empty>
      ) : (
        <Found sums={sums.data} project={project} base={base} />
      )}
    </div>
  );
}

/** Side is one of the two builds, and where another run is found in its place. */
function Side({
  label,
  runs,
  choose,
  hint,
  automatic,
}: {
  label: string;
  runs: string[];
  choose: (run: string) => void;
  hint: string;
  automatic: boolean;
}) {
  const { base } = useProject();
  const first = useRun(runs[0]);
  const [picking, setPicking] = useState(false);
  const run = first.data;
  return (
    <section className="panel side" aria-label={label}>
      <h2 className="quiet">{label}</h2>
      {runs.length > 0 && !picking ? (
        <>
          <p>
            {run ? (
              <Link to={`${base}/runs/${run.id}`}>
                <strong>{titleOf(run)}</strong>
              </Link>
            ) : (
              runs[0]!.slice(0, 8)
            )}
          </p>
          <p className="quiet">
            {run && <Time at={run.start_time} />}
            {runs.length > 1 && ` · ${runs.length} runs`}
            {automatic && ' · the build before'}
          </p>
          <Button size="sm" variant="link" isInline onClick={() => setPicking(true)}>
            Choose another
          </Button>
        </>
      ) : (
        <Picker
          label={label}
          hint={hint}
          choose={(id) => {
            setPicking(false);
            choose(id);
          }}
        />
      )}
    </section>
  );
}

function Picker({ label, hint, choose }: { label: string; hint: string; choose: (run: string) => void }) {
  const { project } = useProject();
  const [text, setText] = useState('');
  const filter = [...toAPI(parse(text, 'component')), `project_id=${project}`];
  const found = useQuery({
    queryKey: ['runs', 'pick', filter],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get<List<'runs', Run>>('/run', { filter, pageSize: 8, estimate: true }, signal),
  });
  return (
    <>
      <input
        className="field"
        type="search"
        aria-label={`Find a run for “${label}”`}
        placeholder="Component, or env:qa build:106 job:nightly"
        value={text}
        onChange={(e) => setText(e.target.value)}
      />
      {found.error ? (
        <p className="text-failed">This cannot be looked for.</p>
      ) : (
        <ul className="plain-list few">
          {hint && (
            <li>
              <button type="button" onClick={() => choose('')}>
                {hint}
              </button>
            </li>
          )}
          {(found.data?.runs ?? []).map((r) => {
            const rate = passRate(countsOf(r));
            return (
              <li key={r.id}>
                <button type="button" onClick={() => choose(r.id!)}>
                  {titleOf(r)}{' '}
                  <span className="quiet">
                    <Time at={r.start_time} /> {rate != null && `· ${rate} %`}
                  </span>
                </button>
              </li>
            );
          })}
          {found.data?.runs.length === 0 && <li className="quiet">No run is like this.</li>}
        </ul>
      )}
    </>
  );
}

/** Found lists the tests of one change after the other, each a page at a time. */
function Found({ sums, project, base }: { sums: Comparison; project: string; base: string }) {
  const { get, put } = useAddress();
  const some = changes.filter(([change]) => sums.counts[change] > 0);
  const change = some.find(([c]) => c === get('view'))?.[0] ?? some[0]![0];
  const open = get('open');
  const found = useInfiniteQuery({
    queryKey: ['compare', project, sums.runs, sums.previous_runs, change],
    staleTime: 60000,
    initialPageParam: 1,
    queryFn: ({ signal, pageParam }) =>
      insight.compare(project, sums.runs, sums.previous_runs, { change, page: pageParam, pageSize: size }, signal),
    getNextPageParam: (last, all) => (all.length * size < last.counts[change] ? all.length + 1 : undefined),
  });
  const tests = found.data?.pages.flatMap((p) => p.tests);
  const left = sums.counts[change] - (tests?.length ?? 0);
  return (
    <>
      <div className="choices" role="group" aria-label="Changes">
        {some.map(([c, word]) => (
          <button
            key={c}
            type="button"
            className="choice"
            aria-pressed={c === change}
            onClick={() => put({ view: c, open: '' })}
          >
            {word} {count(sums.counts[c])}
          </button>
        ))}
      </div>
      <Busy on={found.isFetching} />
      {found.error ? (
        <Failed error={found.error} what="The tests" retry={() => void found.refetch()} />
      ) : !tests ? (
        <Lines />
      ) : (
        <ul className="plain-list">
          {tests.map((t) => {
            const side = (t.after ?? t.before)!;
            const both = t.before && t.after;
            return (
              <li key={t.test_id} className="compared">
                <div className="line-item">
                  {both && (
                    <button
                      type="button"
                      className="folder"
                      aria-expanded={open === side.id}
                      aria-label={`How ${t.test_id} differs`}
                      onClick={() => put({ open: open === side.id ? '' : side.id })}
                    >
                      {open === side.id ? '▾' : '▸'}
                    </button>
                  )}
                  {t.before && <Outcome state={t.before.result ?? undefined} />}
                  {both && <span aria-hidden="true">→</span>}
                  {t.after && <Outcome state={t.after.result ?? undefined} />}
                  <TestName id={t.test_id} to={`${base}/results/${side.id}`} />
                  <span className="spring" />
                  <span className="quiet">
                    {t.before && t.after && change === 'slower'
                      ? `${duration(t.before.duration)} → ${duration(t.after.duration)}`
                      : duration(side.duration)}
                  </span>
                </div>
                {both && open === side.id && <Opened before={t.before!.id} after={t.after!.id} />}
              </li>
            );
          })}
        </ul>
      )}
      {found.hasNextPage && (
        <Button
          variant="link"
          isInline
          isDisabled={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          and {count(left)} more
        </Button>
      )}
    </>
  );
}

function Opened({ before, after }: { before: string; after: string }) {
  const [was, is] = [useResult(before), useResult(after)];
  const error = was.error ?? is.error;
  if (error)
    return <Failed error={error} what="The results" retry={() => void was.refetch().then(() => is.refetch())} />;
  if (!was.data || !is.data) return <Lines n={3} />;
  return (
    <div className="opened">
      <Difference before={was.data} after={is.data} />
    </div>
  );
}
