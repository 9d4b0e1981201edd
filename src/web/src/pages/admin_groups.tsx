import { Button } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type List } from '../lib/api';
import { count } from '../lib/format';
import type { components } from '../lib/schema';
import { usePage } from '../parts/address';
import { Dialog, Input } from '../parts/form';
import { Empty, useTitle } from '../parts/states';
import { Listed } from '../parts/table';
import { useToast } from '../parts/toast';

type Group = components['schemas']['Group'];

const size = 50;

/** Groups are names that projects and users can be given. */
export function Groups() {
  useTitle('Groups - Administration');
  const client = useQueryClient();
  const toast = useToast();
  const [page, go] = usePage();
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
      <Listed
        name="Groups"
        asked={list}
        rows={(d) => d.groups}
        id={(g) => g.id!}
        columns={[
          [
            'Name',
            (g) => (
              <button type="button" className="value name" onClick={() => edit(g)}>
                {g.name}
              </button>
            ),
          ],
          ['Id', (g) => <span className="quiet break">{g.id}</span>],
        ]}
        empty={
          <Empty title="No groups yet">A group gathers projects and users under a name. It gives nobody a right.</Empty>
        }
        page={page}
        size={size}
        go={go}
      />
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
