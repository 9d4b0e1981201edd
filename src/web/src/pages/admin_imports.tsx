import { useAddress, usePage } from '../parts/address';
import { ImportLog } from '../parts/importlog';
import { Empty, useTitle } from '../parts/states';

/** AdminImports is what comes in everywhere, those first that came to nothing. */
export function AdminImports() {
  useTitle('Imports - Administration');
  const { get, put } = useAddress();
  const [page, go] = usePage();
  const status = get('status') || 'error';
  return (
    <div>
      <div className="heading">
        <h1>Imports</h1>
      </div>
      <label className="facts">
        Show{' '}
        <select className="field" value={status} onChange={(e) => put({ status: e.target.value, page: '' })}>
          <option value="error">those that failed</option>
          <option value="pending">those that wait</option>
          <option value="running">those at work</option>
          <option value="all">all</option>
        </select>
      </label>
      <ImportLog
        {...(status !== 'all' && { status })}
        page={page}
        empty={<Empty title={status === 'error' ? 'No import has failed' : 'No imports'} />}
        go={go}
      />
    </div>
  );
}
