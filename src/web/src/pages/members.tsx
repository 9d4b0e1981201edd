import { Button } from '@patternfly/react-core';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useParams } from 'react-router';
import { useUser } from '../frame';
import { api, type List } from '../lib/api';
import { asked } from '../lib/asked';
import { count } from '../lib/format';
import type { components } from '../lib/schema';
import { usePage } from '../parts/address';
import { Dialog, says } from '../parts/form';
import { Empty, useTitle } from '../parts/states';
import { Listed, type Column } from '../parts/table';
import { useToast } from '../parts/toast';

type Member = components['schemas']['Member'];

const size = 50;
const roles: [Member['role'], string][] = [
  ['owner', 'Owner: members and settings, too'],
  ['member', 'Member: pushes, classifies, edits dashboards'],
  ['reader', 'Reader: looks only'],
];

/** Members is who may do what in a project. Its owners change that. */
export function Members() {
  useTitle('Members');
  const project = useParams()['project'] ?? '';
  const client = useQueryClient();
  const toast = useToast();
  const user = useUser();
  const [page, go] = usePage();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<string>('member');
  const [gone, setGone] = useState<Member | null>(null);
  const list = useQuery({
    queryKey: ['members', project, page],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      api.get<List<'members', Member>>(`/project/${project}/member`, { page, pageSize: size }, signal),
  });
  const own = useQuery(asked.project(project));
  const me = user.data;
  const rules =
    !!me?.is_superadmin ||
    own.data?.owner_id === me?.id ||
    !!list.data?.members.some((m) => m.user_id === me?.id && m.role === 'owner');
  const renew = () => client.invalidateQueries({ queryKey: ['members', project] });
  const change = async (run: () => Promise<unknown>, done: string) => {
    try {
      await run();
      toast(done);
    } catch (e) {
      toast('Nothing was changed', { kind: 'danger', body: says(e) });
    }
    await renew();
  };
  const add = (e: FormEvent) => {
    e.preventDefault();
    const address = email.trim();
    void change(async () => {
      await api.post(`/project/${project}/member`, { email: address, role });
      setEmail('');
    }, `${address} is in the project`);
  };
  const columns: Column<Member>[] = [
    [
      'Who',
      (m) => (
        <>
          {m.name || m.email}
          <div className="quiet">{m.name && m.email}</div>
          {!m.is_active && <div className="text-skipped">◌ may not sign in</div>}
        </>
      ),
    ],
    [
      'Role',
      (m) =>
        rules ? (
          <select
            className="field"
            aria-label={`Role of ${m.email}`}
            value={m.role}
            onChange={(e) =>
              void change(
                () => api.put(`/project/${project}/member/${m.user_id}`, { role: e.target.value }),
                `${m.email} is ${e.target.value} now`,
              )
            }
          >
            {roles.map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        ) : (
          roles.find(([value]) => value === m.role)?.[1]
        ),
    ],
    [
      '',
      (m) =>
        m.listed &&
        (rules || m.user_id === me?.id) && (
          <Button size="sm" variant="link" isDanger onClick={() => setGone(m)}>
            {m.user_id === me?.id ? 'Leave' : 'Take out'}
            <span className="sr"> {m.email}</span>
          </Button>
        ),
    ],
  ];
  return (
    <div>
      <div className="heading">
        <h1>Members</h1>
        {list.data && <span className="quiet">{count(list.data.pagination.totalItems)}</span>}
      </div>
      {rules && (
        <form className="panel inline" onSubmit={add}>
          <label className="form-field">
            E-mail
            <input
              className="field"
              type="email"
              required
              value={email}
              placeholder="ben@example.com"
              onChange={(e) => setEmail(e.target.value)}
            />
          </label>
          <label className="form-field">
            Role
            <select className="field" value={role} onChange={(e) => setRole(e.target.value)}>
              {roles.map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <Button type="submit">Add</Button>
        </form>
      )}
      <Listed
        name="Members"
        asked={list}
        rows={(d) => d.members}
        id={(m) => m.user_id}
        columns={columns}
        empty={<Empty title="Nobody is in this project" />}
        page={page}
        size={size}
        go={go}
      />
      {gone && (
        <Dialog
          title={`Take ${gone.email} out of the project?`}
          act="Take out"
          danger
          close={() => setGone(null)}
          run={async () => {
            await api.remove(`/project/${project}/member/${gone.user_id}`);
            toast(`${gone.email} is no longer in the project`);
            await renew();
          }}
        >
          <p>What was pushed stays. An owner can add {gone.email} again.</p>
        </Dialog>
      )}
    </div>
  );
}
