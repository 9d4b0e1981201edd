import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { useProject } from '../frame';
import { count, duration, exact } from '../lib/format';
import { insight, type ListedTest, type TestsAsked } from '../lib/insight';
import { TestName } from '../parts/lists';
import { Outcome } from '../parts/outcome';
import { Rows, type Column } from '../parts/rows';
import { Busy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import './test.css';

const usual: TestsAsked = { days: '14', env: '', component: '', text: '', only: '', sort: 'failures' };

const kinds: [string, string][] = [
  ['', 'All'],
  ['newly_failing', 'Newly failing'],
  ['failing', 'Failing'],
  ['flaky', 'Flaky'],
];
const sorts: [string, string][] = [
  ['failures', 'most failures'],
  ['flakiness', 'most turns'],
  ['since', 'newest to fail'],
  ['duration', 'slowest'],
  ['name', 'name'],
];

/** useAsked keeps in the address what differs from the usual question. */
function useAsked(): [TestsAsked, (change: Partial<TestsAsked>) => void] {
  const [params, setParams] = useSearchParams();
  const asked = Object.fromEntries(
    Object.entries(usual).map(([key, value]) => [key, params.get(key) ?? value]),
  ) as unknown as TestsAsked;
  const change = (some: Partial<TestsAsked>) =>
    setParams(
      Object.fromEntries(
        Object.entries({ ...asked, ...some }).filter(([key, value]) => value !== usual[key as keyof TestsAsked]),
      ),
      { replace: 'text' in some },
    );
  return [asked, change];
}

const columns = (base: string): Column<ListedTest>[] => [
  {
    name: 'Test',
    width: 'minmax(10rem, 5fr)',
    cell: (t) => <TestName id={t.test_id} to={`${base}/test?q=${encodeURIComponent(t.test_id)}`} />,
  },
  {
    name: 'Newest',
    width: '5.5rem',
    cell: (t) => (
      <Link to={`${base}/results/${t.newest}`}>
        <Outcome state={t.result ?? undefined} />
      </Link>
    ),
  },
  { name: 'Failed', width: '6rem', wide: true, cell: (t) => `${count(t.failing)} of ${count(t.outcomes)}` },
  {
    name: 'Turns',
    width: '6rem',
    wide: true,
    cell: (t) =>
      t.changes > 0 ? (
        <span title={`${count(t.changes)} turns between pass and fail`}>
          {Math.round(100 * (t.flakiness ?? 0))} %{t.changes >= 2 && <span className="text-error"> flaky</span>}
        </span>
      ) : (
        <span className="quiet">–</span>
      ),
  },
  {
    name: 'Failing since',
    width: '8rem',
    wide: true,
    cell: (t) =>
      t.failing_since ? (
        <span className="text-failed">
          <Time at={t.failing_since} />
          {t.streak > 1 && ` · ${count(t.streak)} ×`}
        </span>
      ) : (
        <span className="quiet">–</span>
      ),
  },
  { name: 'Duration', width: '4.5rem', wide: true, cell: (t) => duration(t.duration) },
  { name: 'Last run', width: '6rem', wide: true, cell: (t) => <Time at={t.start_time} /> },
];

export function Tests() {
  useTitle('Tests');
  const { project, base } = useProject();
  const go = useNavigate();
  const [asked, change] = useAsked();
  const [text, setText] = useState(asked.text);
  useEffect(() => setText(asked.text), [asked.text]);
  useEffect(() => {
    if (text === asked.text) return;
    const due = setTimeout(() => change({ text }), 300);
    return () => clearTimeout(due);
  }, [text]); // eslint-disable-line react-hooks/exhaustive-deps
  const found = useInfiniteQuery({
    queryKey: ['tests', project, asked],
    initialPageParam: '',
    placeholderData: keepPreviousData,
    staleTime: 60000,
    queryFn: ({ signal, pageParam }) => insight.tests(project, asked, pageParam, signal),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const pages = found.data?.pages;
  const tests = pages?.flatMap((p) => p.tests) ?? [];
  const total = tests.length && pages![0]!.total;
  const narrowed = asked.text || asked.only || asked.env || asked.component;
  return (
    <div className="full">
      <div className="heading">
        <h1>Tests</h1>
        {pages && (
          <span className="quiet" aria-live="polite" title={`Results since ${exact(pages[0]!.from)}`}>
            {count(total)} {total === 1 ? 'test' : 'tests'} since <Time at={pages[0]!.from} />
          </span>
        )}
      </div>
      <div className="tests-filter">
        <input
          className="field"
          type="search"
          aria-label="Find a test"
          placeholder="Find a test"
          value={text}
          onChange={(e) => setText(e.target.value)}
        />
        {(['component', 'env'] as const).map((name) => (
          <input
            key={name}
            className="field only-wide"
            aria-label={name}
            placeholder={name}
            defaultValue={asked[name]}
            onBlur={(e) => e.target.value !== asked[name] && change({ [name]: e.target.value.trim() })}
            onKeyDown={(e) => e.key === 'Enter' && change({ [name]: e.currentTarget.value.trim() })}
          />
        ))}
        <select
          className="field"
          aria-label="Time"
          value={asked.days}
          onChange={(e) => change({ days: e.target.value })}
        >
          {['1', '7', '14', '30', '90'].map((d) => (
            <option key={d} value={d}>
              {d === '1' ? 'today' : `${d} days`}
            </option>
          ))}
        </select>
        <select
          className="field"
          aria-label="Sorted by"
          value={asked.sort}
          onChange={(e) => change({ sort: e.target.value })}
        >
          {sorts.map(([value, word]) => (
            <option key={value} value={value}>
              {word}
            </option>
          ))}
        </select>
        <span className="choices" role="group" aria-label="Which tests">
          {kinds.map(([value, word]) => (
            <button
              key={value}
              type="button"
              className="choice"
              aria-pressed={asked.only === value}
              onClick={() =>
                change({
                  only: value,
                  ...(value === 'flaky' && { sort: 'flakiness' }),
                  ...(value === 'newly_failing' && { sort: 'since' }),
                })
              }
            >
              {word}
            </button>
          ))}
        </span>
      </div>
      <Busy on={found.isFetching} />
      {found.error ? (
        <Failed error={found.error} what="The tests" retry={() => void found.refetch()} />
      ) : !pages ? (
        <Lines />
      ) : tests.length === 0 ? (
        <Empty
          title={narrowed ? 'No test is like this' : 'No tests yet'}
          actions={!narrowed && <Link to={`${base}/start`}>How to push the first run</Link>}
        >
          {narrowed ? 'Look at more days, or for less.' : 'Each test that ran of late shows up here.'}
        </Empty>
      ) : (
        <Rows
          label="Tests"
          columns={columns(base)}
          total={tests.length}
          row={(n) => tests[n]}
          id={(t) => t.test_id}
          open={(t) => void go(`${base}/test?q=${encodeURIComponent(t.test_id)}`)}
          range={(_, to) => {
            if (to >= tests.length - 20 && found.hasNextPage && !found.isFetchingNextPage) void found.fetchNextPage();
          }}
        />
      )}
    </div>
  );
}
