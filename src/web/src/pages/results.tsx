import { asked } from '../lib/asked';
import { forProject, fromAddress } from '../lib/filter';
import type { Ask } from '../lib/page';
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

Results.ask = ((client, { project }, address) =>
  client.prefetchQuery(
    asked.rows('/result', 'results', forProject(project, fromAddress(address)), address.get('sort') ?? '', 1),
  )) satisfies Ask;
