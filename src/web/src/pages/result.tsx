import { Button } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { useProject } from '../frame';
import { api, APIError, type List, type Result, type Run } from '../lib/api';
import { failing, messageOf } from '../lib/failures';
import { toAPI } from '../lib/filter';
import { count, duration, testName } from '../lib/format';
import { meta, titleOf } from '../lib/runs';
import { Artifacts } from '../parts/artifacts';
import { ClassifyBar } from '../parts/classify';
import { useKeys } from '../parts/keys';
import { Outcome, Strip } from '../parts/outcome';
import { Copy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import { Tabs, useTab } from '../parts/tabs';
import { Text } from '../parts/text';
import { Metadata } from './run';

export function useHistory(project: string, test: string | undefined, more: string[] = []) {
  return useQuery({
    queryKey: ['results', 'history', project, test, more],
    enabled: !!test,
    queryFn: ({ signal }) =>
      api.get<List<'results', Result>>(
        '/result',
        {
          filter: [...toAPI([{ field: 'test_id', operator: 'eq', value: test! }]), `project_id=${project}`, ...more],
          pageSize: 50,
          estimate: true,
        },
        signal,
      ),
  });
}

/** since tells how long a test has been as it is: the newest results, newest first. */
function since(history: Result[]): { streak: Result[]; lastPass: Result | undefined } {
  const streak: Result[] = [];
  for (const r of history) {
    if (!failing(r.result)) break;
    streak.push(r);
  }
  return { streak, lastPass: history.find((r) => r.result === 'passed') };
}

export function ResultPage() {
  const { project, base } = useProject();
  const id = useParams()['id']!;
  const go = useNavigate();
  const {
    data: r,
    error,
    refetch,
  } = useQuery({ queryKey: ['result', id], queryFn: ({ signal }) => api.get<Result>(`/result/${id}`, {}, signal) });
  const run = useQuery({
    queryKey: ['run', r?.run_id],
    enabled: !!r?.run_id,
    queryFn: ({ signal }) => api.get<Run>(`/run/${r!.run_id}`, {}, signal),
  });
  const same = [...(r?.component ? [`component=${r.component}`] : []), ...(r?.env ? [`env=${r.env}`] : [])];
  const history = useHistory(project, r?.test_id, same);
  const others = useQuery({
    queryKey: ['results', 'failures', r?.run_id],
    enabled: !!r?.run_id,
    staleTime: 60000,
    queryFn: ({ signal }) =>
      api.get<List<'results', Result>>(
        '/result',
        {
          filter: [`run_id=${r!.run_id}`, `project_id=${project}`, 'result*failed;error'],
          pageSize: 500,
          estimate: true,
        },
        signal,
      ),
  });
  const list = others.data?.results ?? [];
  const at = list.findIndex((o) => o.id === id);
  const previous = at > 0 ? list[at - 1] : undefined;
  const next = at >= 0 ? list[at + 1] : list[0];
  const step = (to?: Result) => {
    if (to) void go(`${base}/results/${to.id}`);
  };
  useKeys({ '[': () => step(previous), ']': () => step(next) });
  const [tab, choose] = useTab(['overview', 'metadata', 'raw'], {
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
  const past = history.data?.results ?? [];
  const { streak, lastPass } = since(past);
  const bad = failing(r.result);
  const tb = meta(r, 'short_tb');
  const reason = meta(r, 'skip_reason') || meta(r, 'xfail_reason') || meta(r, 'reason');
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
        {list.length > 0 && (
          <>
            <Button size="sm" variant="secondary" isDisabled={!previous} onClick={() => step(previous)} title="[">
              Previous failure
            </Button>
            <Button size="sm" variant="secondary" isDisabled={!next} onClick={() => step(next)} title="]">
              Next failure
            </Button>
          </>
        )}
      </div>
      <p className="facts">
        <Outcome state={r.result} />
        <span>{duration(r.duration)}</span>
        <Time at={r.start_time} />
        {r.run_id && <Link to={`${base}/runs/${r.run_id}`}>{run.data ? titleOf(run.data) : 'Run'}</Link>}
        <Link to={`${base}/test?q=${encodeURIComponent(r.test_id ?? '')}`}>History of this test</Link>
      </p>
      {past.length > 0 && (
        <div className="since">
          <Strip results={[...past].reverse()} current={id} to={(o) => `${base}/results/${o.id}`} />
          <span className="quiet">
            {bad && streak.some((o) => o.id === id) ? (
              <>
                Failing{' '}
                {streak.length === 1 ? (
                  'since this run'
                ) : (
                  <>
                    for {count(streak.length)} runs, since <Time at={streak.at(-1)!.start_time} />
                  </>
                )}
                .{' '}
              </>
            ) : null}
            {lastPass ? (
              <>
                Last pass{' '}
                <Link to={`${base}/results/${lastPass.id}`}>
                  <Time at={lastPass.start_time} />
                </Link>
                .
              </>
            ) : (
              'No pass among the newest 50.'
            )}
          </span>
        </div>
      )}
      {(bad || r.result === 'skipped') && <ClassifyBar results={[r]} label="Classify:" />}
      <Tabs
        tab={tab}
        choose={choose}
        tabs={[
          ['overview', 'Overview'],
          ['metadata', 'Metadata'],
          ['raw', 'Raw'],
        ]}
      />
      {tab === 'metadata' ? (
        <Metadata
          row={r}
          more={{ result: r.result, component: r.component, env: r.env, source: r.source }}
          to={(f, v) => `${base}/results?${encodeURIComponent(f)}=${encodeURIComponent(v)}`}
        />
      ) : tab === 'raw' ? (
        <Text text={JSON.stringify(r, null, 2)} label="Result as JSON" />
      ) : (
        <>
          {bad && (meta(r, 'exception_name') || messageOf(r)) && (
            <section className="panel group">
              <h2>
                {meta(r, 'exception_name') ? (
                  <Link to={`${base}/results?metadata.exception_name=${encodeURIComponent(meta(r, 'exception_name'))}`}>
                    {meta(r, 'exception_name')}
                  </Link>
                ) : (
                  'Failure'
                )}
              </h2>
              {messageOf(r) && (
                <p className="message">
                  <code>{messageOf(r)}</code>
                </p>
              )}
            </section>
          )}
          {reason && (
            <p>
              <strong>Reason:</strong> {reason}
            </p>
          )}
          {tb && <Text text={tb} label="Traceback" />}
          {r.params && Object.keys(r.params).length > 0 && (
            <p className="facts">
              {Object.entries(r.params).map(([k, v]) => (
                <span key={k}>
                  <span className="quiet">{k}</span>{' '}
                  <code>{typeof v === 'object' ? JSON.stringify(v) : String(v)}</code>
                </span>
              ))}
            </p>
          )}
          <h2 className="section">Artifacts</h2>
          <Artifacts of={{ resultId: id }} />
        </>
      )}
    </div>
  );
}

export function Occurrences({ rows, base }: { rows: Result[]; base: string }) {
  const [all, setAll] = useState(false);
  return (
    <ul className="plain-list">
      {(all ? rows : rows.slice(0, 25)).map((r) => (
        <li key={r.id} className="line-item">
          <Link to={`${base}/results/${r.id}`}>
            <Outcome state={r.result} />
          </Link>
          <span>{duration(r.duration)}</span>
          <span>{[r.component, r.env].filter(Boolean).join(' · ')}</span>
          <code className="message">{messageOf(r)}</code>
          <span className="spring" />
          <Time at={r.start_time} />
        </li>
      ))}
      {!all && rows.length > 25 && (
        <li>
          <Button variant="link" onClick={() => setAll(true)}>
            Show all {rows.length}
          </Button>
        </li>
      )}
    </ul>
  );
}
