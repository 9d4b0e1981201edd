import { Link, useSearchParams } from 'react-router';
import { useProject } from '../frame';
import { failing } from '../lib/failures';
import { duration, testName } from '../lib/format';
import { Spark, Strip } from '../parts/outcome';
import { Copy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import { Occurrences, useHistory } from './result';

export function TestPage() {
  const { project, base } = useProject();
  const [params] = useSearchParams();
  const test = params.get('q') ?? '';
  const name = testName(test);
  useTitle(name.name || 'Test');
  const { data, error, refetch } = useHistory(project, test);
  if (!test) return <Empty title="No test chosen" actions={<Link to={`${base}/results`}>Find one among the results</Link>} />;
  if (error) return <Failed error={error} what="The history" retry={() => void refetch()} />;
  if (!data) return <Lines />;
  const past = data.results;
  if (past.length === 0) return <Empty title="No results of this test" actions={<Link to={`${base}/results`}>All results</Link>} />;
  const bad = past.filter((r) => failing(r.result)).length;
  let turns = 0;
  for (let i = 1; i < past.length; i++) if (failing(past[i]!.result) !== failing(past[i - 1]!.result)) turns++;
  const end = past.findIndex((r) => !failing(r.result));
  const streak = end < 0 ? past : past.slice(0, end);
  const times = past.map((r) => r.duration ?? 0).sort((a, b) => a - b);
  return (
    <div>
      {name.path && <p className="quiet crumb">{name.path}</p>}
      <div className="heading"><h1>{name.name}{name.params && <span className="params">[{name.params}]</span>}</h1><Copy text={test} label="Copy the test’s name" /></div>
      <Strip results={[...past].reverse()} to={(r) => `${base}/results/${r.id}`} />
      <dl className="figures">
        <div><dt>Failed</dt><dd>{bad} of {past.length}</dd></div>
        <div><dt>Changes between pass and fail</dt><dd>{turns}{turns >= 4 ? ' (flaky)' : ''}</dd></div>
        <div><dt>{streak.length ? 'Failing since' : 'Last result'}</dt><dd><Time at={(streak.at(-1) ?? past[0]!).start_time} /></dd></div>
        <div><dt>Usual duration</dt><dd>{duration(times[Math.floor(times.length / 2)])} <Spark label="Duration over time" values={past.map((r) => r.duration ?? 0).reverse()} /></dd></div>
      </dl>
      <h2 className="section">The newest {past.length} results</h2>
      <Occurrences rows={past} base={base} />
    </div>
  );
}
