import { Button } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { api, type List } from '../lib/api';
import { count } from '../lib/format';
import type { components } from '../lib/schema';
import { Dialog, Input, Pages } from '../parts/form';
import { Empty, Failed, Lines, useTitle } from '../parts/states';
import { useToast } from '../parts/toast';

type Group = components['schemas']['Group'];

const size = 50;

/** Groups are names that projects and users can be given. */
export function Groups() {
  useTitle('Groups - Administration');
  const client = useQueryClient();
  const toast = useToast();
  const [params, setParams] = useSearchParams();
  const page = Number(params.get('page') ?? 1) || 1;
  const [edited, edit] = useState<Group | null>(null);
  const list = useQuery({
    queryKey: ['admin', 'groups', page],
    queryFn: ({ signal }) => api.get<List<'groups', Group>>('/group', { page, pageSize: size }, signal),
  });
  return (
    <div>
      <div className="heading">
        <h1>Groups</h1>
        {list.data && <span className="quiet">{count(list.data.pagination.totalItems)}</span>}
        <span className="spring" />
        <Button onClick={() => edit({ name: '' })}>New group</Button>
      </div>
      {list.error ? (
        <Failed error={list.error} what="Groups" retry={() => void list.refetch()} />
      ) : !list.data ? (
        <Lines n={4} />
      ) : list.data.groups.length === 0 ? (
        <Empty title="No groups yet">A group gathers projects and users under a name. It gives nobody a right.</Empty>
      ) : (
        <table className="plain">
          <thead>
            <tr>
              <th>Name</th>
              <th>Id</th>
            </tr>
          </thead>
          <tbody>
            {list.data.groups.map((g) => (
              <tr key={g.id}>
                <td>
                  <button type="button" className="value name" onClick={() => edit(g)}>
                    {g.name}
                  </button>
                </td>
                <td className="quiet break">{g.id}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {list.data && (
        <Pages
          page={page}
          total={list.data.pagination.totalItems}
          size={size}
          go={(n) => setParams(n > 1 ? { page: String(n) } : {}, { replace: true })}
        />
      )}
      {edited && (
        <Edit
          key={edited.id ?? 'new'}
          group={edited}
          close={() => edit(null)}
          save={async (name) => {
            await (edited.id ? api.put(`/group/${edited.id}`, { name }) : api.post('/group', { name }));
            toast(`${name} is saved`);
            await client.invalidateQueries({ queryKey: ['admin', 'groups'] });
          }}
        />
      )}
    </div>
  );
}

function Edit({ group, close, save }: { group: Group; close: () => void; save: (name: string) => Promise<void> }) {
  const [name, setName] = useState(group.name ?? '');
  return (
    <Dialog
      title={group.id ? `Rename ${group.name}` : 'New group'}
      act={group.id ? 'Rename' : 'Make the group'}
      close={close}
      run={() => save(name.trim())}
      ready={!!name.trim() && name.trim() !== group.name}
    >
      <Input label="Name" required value={name} change={setName} />
    </Dialog>
  );
}
