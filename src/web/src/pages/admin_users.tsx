import { Button } from '@patternfly/react-core';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { useUser } from '../frame';
import { api, type List, type Project, type User } from '../lib/api';
import { count } from '../lib/format';
import { useAddress, usePage } from '../parts/address';
import { Check, Delete, Dialog, Input } from '../parts/form';
import { Empty, Failed, useTitle } from '../parts/states';
import { Listed, type Column } from '../parts/table';
import { useToast } from '../parts/toast';

const size = 25;
const nameOf = (p: Project) => p.title || p.name || '';

function Projects({ chosen, change }: { chosen: Project[]; change: (p: Project[]) => void }) {
  const [text, setText] = useState('');
  const found = useQuery({
    queryKey: ['admin', 'projects', 'find', text],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      api.get<List<'projects', Project>>(
        '/admin/project',
        { pageSize: 20, filter: text ? [`title%${text.replaceAll(',', '_')}`] : [] },
        signal,
      ),
  });
  const others = (found.data?.projects ?? []).filter((p) => !chosen.some((c) => c.id === p.id));
  return (
    <fieldset className="set">
      <legend>Projects</legend>
      <div className="chips">
        {chosen.length === 0 ? (
          <span className="quiet">None</span>
        ) : (
          chosen.map((p) => (
            <button
              key={p.id}
              type="button"
              className="chip"
              aria-label={`Leave out ${nameOf(p)}`}
              onClick={() => change(chosen.filter((c) => c.id !== p.id))}
            >
              {nameOf(p)} ✕
            </button>
          ))
        )}
      </div>
      <input
        className="field"
        type="search"
        aria-label="Find a project to add"
        placeholder="Find a project to add"
        value={text}
        onChange={(e) => setText(e.target.value)}
      />
      <ul className="plain-list few">
        {others.slice(0, text ? 8 : 4).map((p) => (
          <li key={p.id}>
            <button type="button" onClick={() => change([...chosen, p])}>
              + {nameOf(p)}
            </button>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

function Edit({ user, close }: { user: User | null; close: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  const [email, setEmail] = useState(user?.email ?? '');
  const [name, setName] = useState(user?.name ?? '');
  const [password, setPassword] = useState('');
  const [active, setActive] = useState(user?.is_active ?? true);
  const [admin, setAdmin] = useState(user?.is_superadmin ?? false);
  const [projects, setProjects] = useState<Project[]>(user?.projects ?? []);
  const save = async () => {
    const body = {
      email,
      name,
      is_active: active,
      is_superadmin: admin,
      projects: projects.map((p) => ({ id: p.id })),
      ...(password && { password }),
    };
    await (user ? api.put(`/admin/user/${user.id}`, body) : api.post('/admin/user', body));
    toast(user ? `${email} is saved` : `${email} can sign in now`);
    await client.invalidateQueries({ queryKey: ['admin'] });
  };
  return (
    <Dialog
      title={user ? `Edit ${user.email}` : 'New user'}
      act={user ? 'Save' : 'Make the user'}
      close={close}
      run={save}
      ready={email.includes('@') && (!!user || password.length > 0)}
    >
      <Input label="E-mail" type="email" required value={email} change={setEmail} autoComplete="off" />
      <Input label="Name" value={name} change={setName} autoComplete="off" />
      <Input
        label={user ? 'New password' : 'Password'}
        type="password"
        value={password}
        change={setPassword}
        autoComplete="new-password"
        hint={user ? 'Left empty, the password stays.' : 'Nobody is told by mail: hand it over yourself.'}
      />
      <Check label="May sign in" on={active} change={setActive} />
      <Check label="Administrator: may see and change everything" on={admin} change={setAdmin} />
      <Projects chosen={projects} change={setProjects} />
    </Dialog>
  );
}

/** Few names the first projects of many. */
function Few({ projects }: { projects: Project[] }) {
  const more = projects.length - 4;
  return (
    <>
      {projects.slice(0, 4).map(nameOf).join(', ')}
      {more > 0 && <span className="quiet"> and {more} more</span>}
    </>
  );
}

export function Users() {
  useTitle('Users - Administration');
  const { id } = useParams();
  const navigate = useNavigate();
  const client = useQueryClient();
  const toast = useToast();
  const me = useUser();
  const { params, get, put } = useAddress();
  const [page, go] = usePage();
  const [gone, setGone] = useState<User | null>(null);
  const field = get('by') === 'name' ? 'name' : 'email';
  const text = get('q');
  const list = useQuery({
    queryKey: ['admin', 'users', field, text, page],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      api.get<List<'users', User>>(
        '/admin/user',
        { page, pageSize: size, filter: text ? [`${field}%${text.replaceAll(',', '_')}`] : [] },
        signal,
      ),
  });
  const asked = useQuery({
    queryKey: ['admin', 'user', id],
    enabled: !!id && id !== 'new',
    gcTime: 0,
    staleTime: 0,
    queryFn: ({ signal }) => api.get<User>(`/admin/user/${id}`, {}, signal),
  });
  const close = () => void navigate({ pathname: '/admin/users', search: params.toString() });
  const edit = (to: string) => void navigate({ pathname: `/admin/users/${to}`, search: params.toString() });
  const set = async (u: User, change: Partial<User>, done: string) => {
    try {
      await api.put(`/admin/user/${u.id}`, change);
      toast(done);
    } catch (e) {
      toast(`${u.email} was not changed`, { kind: 'danger', body: String(e instanceof Error ? e.message : e) });
    }
    await client.invalidateQueries({ queryKey: ['admin', 'users'] });
  };
  const columns: Column<User>[] = [
    [
      'E-mail',
      (u) => (
        <button type="button" className="value name" onClick={() => edit(u.id!)}>
          {u.email}
        </button>
      ),
    ],
    [
      'Name',
      (u) => (
        <>
          {u.name}
          {u.id === me.data?.id && <span className="quiet"> you</span>}
        </>
      ),
    ],
    ['Projects', (u) => <Few projects={u.projects ?? []} />],
    [
      'State',
      (u) => (
        <>
          {u.is_active ? (
            <span className="text-passed">✓ active</span>
          ) : (
            <span className="text-skipped">◌ may not sign in</span>
          )}
          {u.is_superadmin && <div className="quiet">administrator</div>}
        </>
      ),
    ],
    [
      '',
      (u) => (
        <>
          <Link to={`/admin/users/${u.id}/access`}>
            Access<span className="sr"> of {u.email}</span>
          </Link>
          {u.id !== me.data?.id && (
            <>
              <Button
                size="sm"
                variant="link"
                onClick={() =>
                  void set(
                    u,
                    { is_active: !u.is_active },
                    u.is_active ? `${u.email} may no longer sign in` : `${u.email} may sign in`,
                  )
                }
              >
                {u.is_active ? 'Deactivate' : 'Activate'}
                <span className="sr"> {u.email}</span>
              </Button>
              <Button size="sm" variant="link" isDanger onClick={() => setGone(u)}>
                Delete<span className="sr"> {u.email}</span>
              </Button>
            </>
          )}
        </>
      ),
    ],
  ];
  return (
    <div>
      <div className="heading">
        <h1>Users</h1>
        {list.data && (
          <span className="quiet" aria-live="polite">
            {count(list.data.pagination.totalItems)}
          </span>
        )}
        <span className="spring" />
        <Button onClick={() => edit('new')}>New user</Button>
      </div>
      <div className="facts">
        <input
          className="field"
          type="search"
          aria-label="Find users"
          placeholder={`Find by ${field === 'name' ? 'name' : 'e-mail'}`}
          value={text}
          onChange={(e) => put({ q: e.target.value, page: '' })}
        />
        <label>
          in{' '}
          <select
            className="field"
            value={field}
            onChange={(e) => put({ by: e.target.value === 'name' ? 'name' : '', page: '' })}
          >
            <option value="email">e-mail</option>
            <option value="name">name</option>
          </select>
        </label>
      </div>
      <Listed
        name="Users"
        asked={list}
        rows={(d) => d.users}
        id={(u) => u.id!}
        columns={columns}
        empty={<Empty title="Nobody is called so" />}
        page={page}
        size={size}
        go={go}
      />
      {id === 'new' && <Edit user={null} close={close} />}
      {id && id !== 'new' && asked.data && <Edit key={id} user={asked.data} close={close} />}
      {id && asked.error && <Failed error={asked.error} what="This user" />}
      {gone && (
        <Delete
          what="user"
          name={gone.email}
          close={() => setGone(null)}
          run={async () => {
            await api.remove(`/admin/user/${gone.id}`);
            toast(`${gone.email} is deleted`);
            await client.invalidateQueries({ queryKey: ['admin', 'users'] });
          }}
        >
          Tokens of this user stop working at once. Runs and results stay.
        </Delete>
      )}
    </div>
  );
}
