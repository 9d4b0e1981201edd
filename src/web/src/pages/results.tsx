import { ResultList } from '../parts/resultlist';
import { useTitle } from '../parts/states';

export function Results() {
  useTitle('Results');
  return (
    <div className="full">
      <ResultList head={<h1>Results</h1>} title="results" />
    </div>
  );
}
