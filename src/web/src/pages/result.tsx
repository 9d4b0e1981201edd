import { Button } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router';
import { useProject } from '../frame';
import { api, APIError, type List, type Result, type Run } from '../lib/api';
import { asked } from '../lib/asked';
import { failing } from '../lib/failures';
import { testName } from '../lib/format';
import type { History } from '../lib/insight';
import { titleOf } from '../lib/runs';
import { trail } from '../lib/trail';
import { Artifacts, useArtifacts } from '../parts/artifacts';
import { Decide } from '../parts/assign';
import { ClassifyBar } from '../parts/classify';
import { Difference } from '../parts/difference';
import { Past, Said, Took, tracebackOf, usePast, useResult } from '../parts/failure';
import { useKeys } from '../parts/keys';
import { Metadata } from '../parts/metadata';
import { Outcome, Strip } from '../parts/outcome';
import { Particulars } from '../parts/particulars';
import { Copy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import { Tabs, useTab } from '../parts/tabs';
import { Text } from '../parts/text';
import './result.css';

export const useRun = (id: string | null | undefined) =>
  useQuery({
    ...asked.run(id ?? ''),
    enabled: !!id,
  });

/** useNeighbours gives what comes before and after a result in the list that one came from; else among the failures of its run. */
function useNeighbours(project: string, base: string, id: string, run: string | null | undefined) {
  const from = trail.of(id);
  const failures = useQuery({
    queryKey: ['results', 'failures', run],
    enabled: !!run && !from,
    staleTime: 60000,
    queryFn: ({ signal }) =>
      api.get<List<'results', Result>>(
        '/result',
        { filter: [`run_id=${run}`, `project_id=${project}`, 'result*failed;error'], pageSize: 500, estimate: true },
        signal,
      ),
  });
  const list = from ?? {
    title: 'failures of the run',
    back: `${base}/runs/${run}`,
    ids: (failures.data?.results ?? []).map((r) => r.id!),
  };
  const at = list.ids.indexOf(id);
  return { list, at, previous: list.ids[at - 1], next: at >= 0 ? list.ids[at + 1] : list.ids[0] };
}

export function ResultPage() {
  const { project, base } = useProject();
  const id = useParams()['id']!;
  const go = useNavigate();
  const { data: r, error, refetch } = useResult(id);
  const run = useRun(r?.run_id);
  const past = usePast(project, r);
  const { list, at, previous, next } = useNeighbours(project, base, id, r?.run_id);
  const step = (to?: string) => {
    if (to) void go(`${base}/results/${to}`);
  };
  useKeys({ '[': () => step(previous), ']': () => step(next) });
  const [tab, choose] = useTab(['overview', 'difference', 'metadata', 'raw'], {
    summary: 'overview',
    testHistory: 'overview',
    testObject: 'raw',
  });
  const name = testName(r?.test_id ?? '');
  useTitle(r ? name.name : 'Result');
  if (error)
    return error instanceof APIError && (error.status === 404 || error.status === 400) ? (
      <Empty title="This result is not there" actions={<Link to={`${base}/results`}>All results</Link>}>
        It may have been deleted.
      </Empty>
    ) : (
      <Failed error={error} what="The result" retry={() => void refetch()} />
    );
  if (!r) return <Lines />;
  return (
    <div>
      {name.path && <p className="quiet crumb">{name.path}</p>}
      <div className="heading">
        <h1>
          {name.name}
          {name.params && <span className="params">[{name.params}]</span>}
        </h1>
        <Copy text={r.test_id ?? ''} label="Copy the test’s name" />
        <span className="spring" />
        {list.ids.length > 1 && (
          <>
            <Link className="quiet" to={list.back}>
              {at >= 0 && `${at + 1} of ${list.ids.length} `}
              {list.title}
            </Link>
            <Button size="sm" variant="secondary" isDisabled={!previous} onClick={() => step(previous)} title="[">
              Previous
            </Button>
            <Button size="sm" variant="secondary" isDisabled={!next} onClick={() => step(next)} title="]">
              Next
            </Button>
          </>
        )}
      </div>
      <p className="facts">
        <Outcome state={r.result} />
        <Took seconds={r.duration} usual={past.data?.usual} />
        <Time at={r.start_time} />
        {r.run_id && <Link to={`${base}/runs/${r.run_id}`}>{run.data ? titleOf(run.data) : 'Run'}</Link>}
        <Link to={`${base}/test?q=${encodeURIComponent(r.test_id ?? '')}`}>History of this test</Link>
      </p>
      {past.data ? <Past past={past.data} current={id} /> : r.test_id && <div className="since-room" />}
      {(failing(r.result) || r.result === 'skipped') && (
        <>
          <ClassifyBar results={[r]} label="Class" />
          <Decide results={[r]} />
        </>
      )}
      <Tabs
        tab={tab}
        choose={choose}
        tabs={[
          ['overview', 'Overview'],
          ['difference', 'What changed'],
          ['metadata', 'Metadata'],
          ['raw', 'Raw'],
        ]}
      />
      {tab === 'metadata' ? (
        <Metadata
          row={r}
          more={{ result: r.result, component: r.component, env: r.env, source: r.source }}
          to={`${base}/results`}
        />
      ) : tab === 'raw' ? (
        <Text text={JSON.stringify(r, null, 2)} label="Result as JSON" />
      ) : tab === 'difference' ? (
        <WhatChanged result={r} run={run.data} past={past.data} />
      ) : (
        <Overview result={r} base={base} />
      )}
    </div>
  );
}

function Overview({ result: r, base }: { result: Result; base: string }) {
  const artifacts = useArtifacts({ resultId: r.id! });
  const some = artifacts.data ? artifacts.data.artifacts.length > 0 : failing(r.result);
  return (
    <div className={some ? 'beside' : ''}>
      <div>
        <Said result={r} anchor="L" />
        {failing(r.result) && !tracebackOf(r) && <p className="quiet">It came without a traceback.</p>}
        <Particulars result={r} base={base} />
      </div>
      {some && (
        <section aria-label="Artifacts">
          <Artifacts of={{ resultId: r.id! }} />
        </section>
      )}
    </div>
  );
}

type Outcomes = History['outcomes'];

/** before is the newest outcome before a result that is of a kind. */
const before = (outcomes: Outcomes, r: Result, is: (o: Outcomes[number]) => boolean) =>
  outcomes.find((o) => o.id !== r.id && Date.parse(o.start_time) <= Date.parse(r.start_time ?? '') && is(o));

/** WhatChanged compares a result with another of its test: the last that passed, the last that failed, or any on the strip. */
function WhatChanged({ result: r, run, past }: { result: Result; run: Run | undefined; past: History | undefined }) {
  const { base } = useProject();
  const [params] = useSearchParams();
  const passed = before(past?.outcomes ?? [], r, (o) => o.result === 'passed');
  const failed = before(past?.outcomes ?? [], r, (o) => failing(o.result ?? ''));
  const id = params.get('with') ?? passed?.id ?? failed?.id ?? '';
  const other = useResult(id);
  const otherRun = useRun(other.data?.run_id);
  const to = (o: { id: string }) => `${base}/results/${r.id}?with=${o.id}#difference`;
  if (!past) return <Lines />;
  if (!id) return <Empty title="Nothing to compare with">This is the first result of this test here.</Empty>;
  const choice = (o: Outcomes[number] | undefined, label: string) =>
    o && (
      <Link className="choice" aria-current={o.id === id ? 'true' : undefined} to={to(o)} replace>
        {label} <Time at={o.start_time} />
      </Link>
    );
  return (
    <>
      <div className="choices">
        <span className="quiet">Compared with</span>
        {choice(passed, 'the last pass')}
        {choice(failed, 'the failure before')}
        <span className="quiet">or any of</span>
        <Strip results={[...past.outcomes].reverse().filter((o) => o.id !== r.id)} current={id} to={to} />
      </div>
      {other.error ? (
        <Failed error={other.error} what="The other result" retry={() => void other.refetch()} />
      ) : !other.data || (other.data.run_id && !otherRun.data && !otherRun.error) ? (
        <Lines n={4} />
      ) : (
        <Difference before={other.data} after={r} runs={run && otherRun.data && [otherRun.data, run]} />
      )}
    </>
  );
}
