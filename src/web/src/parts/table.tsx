import type { UseQueryResult } from '@tanstack/react-query';
import { Fragment, type ReactNode } from 'react';
import type { Pagination } from '../lib/api';
import { Pages } from './form';
import { Busy, Failed, Lines } from './states';

/** Column is a name and what stands below it in each row. The one without a name holds what can be done to a row. */
export type Column<Row> = [name: string, cell: (row: Row) => ReactNode];

interface Drawn<Row> {
  name: string;
  columns: Column<Row>[];
  id: (row: Row) => string | number;
  /** What a row shows below itself when it is opened. */
  below?: (row: Row) => ReactNode;
}

/** Table shows rows whole; on a phone each row stands as a block, its cells one below the other with their names. */
export function Table<Row>({ name, columns, rows, id, below }: Drawn<Row> & { rows: Row[] }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={name}>
      <table className="plain stacks">
        <thead>
          <tr>
            {columns.map(([head]) => (
              <th key={head} scope="col">
                {head || <span className="sr">Actions</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const opened = below?.(row);
            return (
              <Fragment key={id(row)}>
                <tr>
                  {columns.map(([head, cell]) => (
                    <td key={head} data-name={head || undefined} className={head ? undefined : 'actions'}>
                      {cell(row)}
                    </td>
                  ))}
                </tr>
                {opened && (
                  <tr>
                    <td colSpan={columns.length}>{opened}</td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Listed is one page of a list of the server: while it comes, when it does not, when nothing is in it. */
export function Listed<Data extends { pagination: Pagination }, Row>({
  asked,
  rows,
  empty,
  page,
  size,
  go,
  ...table
}: Drawn<Row> & {
  asked: UseQueryResult<Data>;
  rows: (data: Data) => Row[];
  empty: ReactNode;
  page: number;
  size: number;
  go: (page: number) => void;
}) {
  if (asked.error) return <Failed error={asked.error} what={table.name} retry={() => void asked.refetch()} />;
  if (!asked.data) return <Lines n={6} />;
  const shown = rows(asked.data);
  return (
    <>
      <Busy on={asked.isPlaceholderData} />
      {shown.length === 0 ? empty : <Table {...table} rows={shown} />}
      <Pages page={page} total={asked.data.pagination.totalItems} size={size} go={go} />
    </>
  );
}
