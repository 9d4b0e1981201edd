import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router';
import { api, type Import, type List } from '../lib/api';
import { count } from '../lib/format';
import { runsOf } from '../lib/upload';
import { Pages } from '../parts/form';
import { Busy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import { ImportState } from './imports';

const size = 50;

/** AdminImports is what comes in everywhere, those first that came to nothing. */
export function AdminImports() {
  useTitle('Imports - Administration');
  const [params, setParams] = useSearchParams();
  const status = params.get('status') ?? 'error';
  const page = Number(params.get('page') ?? 1) || 1;
  const put = (s: string, n: number) => setParams({ status: s, ...(n > 1 && { page: String(n) }) }, { replace: true });
  const list = useQuery({
    queryKey: ['admin', 'imports', status, page],
    placeholderData: keepPreviousData,
    refetchInterval: 15000,
    queryFn: ({ signal }) =>
      api.get<List<'imports', Import>>(
        '/import',
        { page, pageSize: size, filter: status === 'all' ? [] : [`status=${status}`] },
        signal,
      ),
  });
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
      <Busy on={list.isFetching} />
      {list.error ? (
        <Failed error={list.error} what="Imports" retry={() => void list.refetch()} />
      ) : !list.data ? (
        <Lines n={5} />
      ) : list.data.imports.length === 0 ? (
        <Empty title={status === 'error' ? 'No import has failed' : 'No imports'} />
      ) : (
        <div className="scroll" tabIndex={0} role="region" aria-label="Imports">
          <table className="plain stacks">
            <thead>
              <tr>
                <th>File</th>
                <th>State</th>
                <th>Runs</th>
                <th>When</th>
              </tr>
            </thead>
            <tbody>
              {list.data.imports.map((i) => (
                <tr key={i.id}>
                  <td data-name="File" className="break">
                    {i.filename}
                  </td>
                  <td data-name="State">
                    <ImportState of={i} />
                  </td>
                  <td data-name="Runs">
                    {runsOf(i)
                      .slice(0, 3)
                      .map((r) => (
                        <Link key={r} to={`/runs/${r}`}>
                          {r.slice(0, 8)}{' '}
                        </Link>
                      ))}
                  </td>
                  <td data-name="When">
                    <Time at={i.created} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {list.data && (
        <Pages page={page} total={list.data.pagination.totalItems} size={size} go={(n) => put(status, n)} />
      )}
    </div>
  );
}
