import { useSearchParams } from 'react-router';
import { count } from '../lib/format';
import { Pages } from '../parts/form';
import { ImportLog, pageSize, useImportLog } from '../parts/importlog';
import { Busy, Empty, Failed, Lines, useTitle } from '../parts/states';

/** AdminImports is what comes in everywhere, those first that came to nothing. */
export function AdminImports() {
  useTitle('Imports - Administration');
  const [params, setParams] = useSearchParams();
  const status = params.get('status') ?? 'error';
  const page = Number(params.get('page') ?? 1) || 1;
  const put = (s: string, n: number) => setParams({ status: s, ...(n > 1 && { page: String(n) }) }, { replace: true });
  const list = useImportLog({ page, ...(status !== 'all' && { status }) });
  return (
    <div>
      <div className="heading">
        <h1>Imports</h1>
        {list.data && <span className="quiet">{count(list.data.pagination.totalItems)}</span>}
      </div>
      <label className="facts">
        Show{' '}
        <select className="field" value={status} onChange={(e) => put(e.target.value, 1)}>
          <option value="error">those that failed</option>
          <option value="pending">those that wait</option>
          <option value="running">those at work</option>
          <option value="all">all</option>
        </select>
      </label>
      <Busy on={list.isFetching && list.isPlaceholderData} />
      {list.error ? (
        <Failed error={list.error} what="Imports" retry={() => void list.refetch()} />
      ) : !list.data ? (
        <Lines n={5} />
      ) : list.data.imports.length === 0 ? (
        <Empty title={status === 'error' ? 'No import has failed' : 'No imports'} />
      ) : (
        <ImportLog imports={list.data.imports} everywhere />
      )}
      {list.data && (
        <Pages page={page} total={list.data.pagination.totalItems} size={pageSize} go={(n) => put(status, n)} />
      )}
    </div>
  );
}
