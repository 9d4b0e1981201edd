import { Button } from '@patternfly/react-core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { useProject } from '../frame';
import { api, type List, type Result, type Run } from '../lib/api';
import { fromAPI, toText } from '../lib/ask';
import { lines, meta, titleOf } from '../lib/runs';
import { FilterLine } from '../parts/filterline';
import { TestName, Total } from '../parts/lists';
import { Outcome } from '../parts/outcome';
import { Rows, type Column } from '../parts/rows';
import { Busy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import type { ViewProps } from './view';

type Pair = [Result, Result];

/** setOf are filters that find the results of one run and of no other of its series. */
const setOf = (r: Run): string =>
  toText(
    [
      ['metadata.jenkins.job_name', meta(r, 'jenkins.job_name')],
      ['metadata.jenkins.build_number', meta(r, 'jenkins.build_number')],
      ['component', r.component],
      ['env', r.env],
    ].flatMap(([field, value]) => (field && value ? [{ field, operator: 'eq' as const, value }] : [])),
  );

const quiet = new Set(['skipped', 'xfailed', 'xpassed', 'manual']);

function Side({ name, id }: { name: string; id: string | null | undefined }) {
  const { base } = useProject();
  const { data } = useQuery({
    queryKey: ['run', id],
    enabled: !!id,
    queryFn: ({ signal }) => api.get<Run>(`/run/${id}`, {}, signal),
  });
  return (
    <h2>
      {name}
      {data && (
        <>
          {' '}
          <Link to={`${base}/runs/${id}`}>{titleOf(data)}</Link>{' '}
          <span className="quiet">
            <Time at={data.start_time} />
          </span>
        </>
      )}
    </h2>
  );
}

/** CompareView finds two runs by filters on their results and lists the tests that ended differently in them. */
export function CompareView({ title, params }: ViewProps) {
  useTitle(title);
  const { project, base } = useProject();
  const go = useNavigate();
  const [address, setAddress] = useSearchParams();
  const saved = Array.isArray(params['additional_filters']) ? params['additional_filters'].map(String) : [];
  const sides = [address.get('left') ?? saved[0] ?? '', address.get('right') ?? saved[1] ?? ''] as const;
  const all = address.get('all') === '1';
  const put = (name: string, value: string) =>
    setAddress((old) => {
      const next = new URLSearchParams(old);
      // A side that was emptied stays so, whatever the view starts with.
      if (value || name === 'left' || name === 'right') next.set(name, value);
      else next.delete(name);
      return next;
    });
  const ready = sides[0] !== sides[1];
  const sets = sides.map((s) => (s ? `${s},` : '') + `project_id=${project}`);
  const answer = useQuery({
    queryKey: ['compare-view', sets],
    enabled: ready,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      api.get<{ results: Pair[]; pagination: { totalItems: number } }>(
        '/widget/compare-runs-view',
        { additional_filters: sets, project },
        signal,
      ),
  });
  const pairs = useMemo(
    () =>
      (answer.data?.results ?? []).filter(([a, b]) => all || !(quiet.has(a.result ?? '') || quiet.has(b.result ?? ''))),
    [answer.data, all],
  );
  // Which runs these are is in no pair when nothing differs: the newest result of each side says it.
  const newest = (i: 0 | 1) => ({
    queryKey: ['compare-side', sets[i]],
    enabled: ready,
    queryFn: async ({ signal }: { signal: AbortSignal }) =>
      (await api.get<{ results: Result[] }>('/result', { filter: sets[i]!, pageSize: 1, estimate: true }, signal))
        .results[0]?.run_id ?? '',
  });
  const [left, right] = [useQuery(newest(0)), useQuery(newest(1))];
  const offers = useQuery({
    queryKey: ['runs', 'offers', project],
    enabled: !ready,
    staleTime: 60000,
    queryFn: ({ signal }) =>
      api.get<List<'runs', Run>>(
        '/run',
        { filter: [`project_id=${project}`, 'metadata.jenkins.build_number@t'], pageSize: 200, estimate: true },
        signal,
      ),
  });
  const twos = useMemo(
    () =>
      lines(offers.data?.runs ?? [])
        .filter((l) => l.length > 1)
        .slice(0, 6)
        .map(([newer, older]) => ({
          title: titleOf(newer!),
          from: meta(older!, 'jenkins.build_number'),
          left: setOf(older!),
          right: setOf(newer!),
        })),
    [offers.data],
  );
  const columns: Column<Pair>[] = [
    {
      name: 'Test',
      width: 'minmax(9rem, 5fr)',
      cell: ([, b]) => <TestName id={b.test_id ?? b.id!} to={`${base}/results/${b.id}`} />,
    },
    {
      name: 'First',
      width: '6rem',
      cell: ([a]) => (
        <Link to={`${base}/results/${a.id}`}>
          <Outcome state={a.result} />
        </Link>
      ),
    },
    {
      name: 'Second',
      width: '6rem',
      cell: ([, b]) => (
        <Link to={`${base}/results/${b.id}`}>
          <Outcome state={b.result} />
        </Link>
      ),
    },
    { name: 'Component', width: 'minmax(5rem, 1fr)', wide: true, cell: ([, b]) => b.component },
    {
      name: 'Env',
      width: 'minmax(3rem, .8fr)',
      wide: true,
      cell: ([a, b]) => (a.env === b.env ? b.env : `${a.env ?? '–'} → ${b.env ?? '–'}`),
    },
  ];
  return (
    <div className="full">
      <div className="heading">
        <h1>{title}</h1>
        {ready && answer.data && <Total n={pairs.length} what="difference" />}
        <span className="spring" />
        {ready && (
          <>
            <label className="choice">
              <input type="checkbox" checked={all} onChange={(e) => put('all', e.target.checked ? '1' : '')} />
              <span>Skips and expected failures, too</span>
            </label>
            <Button
              variant="link"
              size="sm"
              onClick={() =>
                setAddress((old) => {
                  const next = new URLSearchParams(old);
                  next.set('left', sides[1]);
                  next.set('right', sides[0]);
                  return next;
                })
              }
            >
              Swap
            </Button>
            {left.data && right.data && (
              <Link to={`${base}/compare?a=${left.data}&b=${right.data}`}>Compare the whole runs</Link>
            )}
          </>
        )}
      </div>
      <div className="sides">
        {(['left', 'right'] as const).map((side, i) => (
          <section key={side} className="panel">
            <Side name={i ? 'Second' : 'First'} id={(i ? right : left).data} />
            <FilterLine
              kind="result"
              project={project}
              filters={fromAPI(sides[i as 0 | 1])}
              change={(f) => put(side, toText(f))}
            />
            {!sides[i as 0 | 1] && <p className="quiet">The newest run of the project</p>}
          </section>
        ))}
      </div>
      <Busy on={answer.isFetching} />
      {!ready ? (
        <Empty title="Say which runs">
          The newest run that matches each side is taken: filter one by build:105 and the other by build:106, or by
          environment.
          {twos.length > 0 && (
            <ul className="plain-list offers">
              {twos.map((two) => (
                <li key={two.right}>
                  <Button variant="link" isInline onClick={() => setAddress({ left: two.left, right: two.right })}>
                    {two.title} and the build before, #{two.from}
                  </Button>
                </li>
              ))}
            </ul>
          )}
        </Empty>
      ) : answer.error ? (
        <Failed error={answer.error} what="The comparison" retry={() => void answer.refetch()} />
      ) : !answer.data ? (
        <Lines />
      ) : pairs.length === 0 ? (
        <Empty title="Nothing differs">
          {answer.data.results.length
            ? 'Only skipped tests and expected failures do.'
            : 'Every test that both runs have ended the same way. Tests are paired by their file (metadata.fspath) and id.'}
        </Empty>
      ) : (
        <Rows
          label="Differences"
          columns={columns}
          total={pairs.length}
          row={(i) => pairs[i]}
          id={([a, b]) => `${a.id}${b.id}`}
          open={([, b]) => void go(`${base}/results/${b.id}`)}
        />
      )}
    </div>
  );
}
