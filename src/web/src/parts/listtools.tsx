import { useState } from 'react';
import { count } from '../lib/format';
import { query } from '../lib/api';
import { base } from '../lib/base';
import { everything, most, save } from '../lib/everything';
import { csv, curl } from '../lib/listing';
import { says } from './form';
import { ActionMenu, Glyph } from './menu';
import type { Column } from './rows';
import { useToast } from './toast';

/** ListTools carry a list elsewhere: its address, its query, its rows. */
export function ListTools<K extends 'runs' | 'results', T>({
  path,
  kind,
  filter,
  orderBy,
  columns,
  total,
}: {
  path: string;
  kind: K;
  filter: string[];
  orderBy: string;
  columns: Column<T>[];
  total: number;
}) {
  const toast = useToast();
  const [progress, setProgress] = useState('');
  const asked = { filter, ...(orderBy && { orderBy }) };
  const copy = (text: string, what: string) =>
    void navigator.clipboard.writeText(text).then(
      () => toast(`${what} is copied`),
      () => toast(`${what} could not be copied`, { kind: 'danger', body: text }),
    );
  const write = async (as: 'csv' | 'json') => {
    try {
      const rows = await everything<K, T>(path, kind, asked, (n, of) =>
        setProgress(`${count(n)} of ${count(of)} rows…`),
      );
      const name = `${kind}-${new Date().toISOString().slice(0, 10)}.${as}`;
      if (as === 'json') save(name, 'application/json', JSON.stringify(rows, null, 1));
      else {
        const told = columns.filter((c) => c.text);
        save(
          name,
          'text/csv',
          csv(
            told.map((c) => c.name),
            rows.map((row) => told.map((c) => c.text!(row))),
          ),
        );
      }
      toast(`${count(rows.length)} rows are in ${name}`, {
        ...(rows.length < total && {
          kind: 'info',
          body: `An export has ${count(most)} rows at most; narrow the filter.`,
        }),
      });
    } catch (e) {
      toast('The list was not exported', { kind: 'danger', body: says(e) });
    }
    setProgress('');
  };
  return (
    <>
      {progress && (
        <span className="quiet" role="status">
          {progress}
        </span>
      )}
      <ActionMenu
        label="More about this list"
        face={<Glyph of="more" />}
        className="at-end"
        actions={[
          { label: 'Copy the link to this list', run: () => copy(location.href, 'The link') },
          {
            label: 'Copy as curl',
            run: () =>
              copy(curl(location.origin + base + '/api' + path + query({ ...asked, pageSize: 100 })), 'The command'),
          },
          { label: 'Export as CSV', run: () => void write('csv'), disabled: !!progress },
          { label: 'Export as JSON', run: () => void write('json'), disabled: !!progress },
        ]}
      />
    </>
  );
}
