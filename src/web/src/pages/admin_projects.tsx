import { Button } from '@patternfly/react-core';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { api, type Dashboard, type List, type Project, type User } from '../lib/api';
import { count } from '../lib/format';
import { useAddress, usePage } from '../parts/address';
import { Delete, Dialog, Input } from '../parts/form';
import { Empty, Failed, useTitle } from '../parts/states';
import { Listed, type Column } from '../parts/table';
import { useToast } from '../parts/toast';

const size = 25;

function Owner({ owner, change }: { owner: User | null; change: (u: User) => void }) {
  const [text, setText] = useState('');
  const found = useQuery({
    queryKey: ['admin', 'users', 'find', text],
    enabled: text.length > 1,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      api.get<List<'users', User>>(
        '/admin/user',
        { pageSize: 8, filter: [`email%${text.replaceAll(',', '_')}`] },
        signal,
      ),
  });
  return (
    <fieldset className="set">
      <legend>Owner</legend>
      <p>
        {owner ? (
          `${owner.name || owner.email} (${owner.email})`
        ) : (
          <span className="quiet">You, unless you choose somebody</span>
        )}
      </p>
      <input
        className="field"
        type="search"
        aria-label="Find another owner by e-mail"
        placeholder="Find another by e-mail"
        value={text}
        onChange={(e) => setText(e.target.value)}
      />
      {text.length > 1 && (
        <ul className="plain-list few">
          {(found.data?.users ?? []).map((u) => (
            <li key={u.id}>
              <button
                type="button"
                onClick={() => {
                  change(u);
                  setText('');
                }}
              >
                {u.email} <span className="quiet">{u.name}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </fieldset>
  );
}

function Edit({ project, close }: { project: Project | null; close: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  const [title, setTitle] = useState(project?.title ?? '');
  const [name, setName] = useState(project?.name ?? '');
  const [owner, setOwner] = useState<User | null>((project?.owner as User | undefined) ?? null);
  const [board, setBoard] = useState(project?.default_dashboard_id ?? '');
  const boards = useQuery({
    queryKey: ['dashboards', 'of', project?.id],
    enabled: !!project,
    queryFn: ({ signal }) =>
      api.get<List<'dashboards', Dashboard>>('/dashboard', { project_id: project!.id!, pageSize: 200 }, signal),
  });
  const save = async () => {
    const body = {
      title,
      name,
      ...(owner && { owner_id: owner.id }),
      ...(project && { default_dashboard_id: board || null }),
    };
    await (project ? api.put(`/admin/project/${project.id}`, body) : api.post('/admin/project', body));
    toast(project ? `${title} is saved` : `${title} is there`);
    await client.invalidateQueries({ queryKey: ['admin'] });
    await client.invalidateQueries({ queryKey: ['projects'] });
  };
  return (
    <Dialog
      title={project ? `Edit ${project.title || project.name}` : 'New project'}
      act={project ? 'Save' : 'Make the project'}
      close={close}
      run={save}
      ready={!!title.trim() && !!name.trim()}
    >
      <Input
        label="Title"
        required
        value={title}
        change={(v) => {
          if (!project && name === slug(title)) setName(slug(v));
          setTitle(v);
        }}
        hint="What people read"
      />
      <Input label="Name" required value={name} change={setName} hint="What pipelines send to" />
      <Owner owner={owner} change={setOwner} />
      {project && (
        <label className="form-field">
          Dashboard that is shown first
          <select className="field" value={board} onChange={(e) => setBoard(e.target.value)}>
            <option value="">None</option>
            {(boards.data?.dashboards ?? []).map((d) => (
              <option key={d.id} value={d.id}>
                {d.title}
              </option>
            ))}
          </select>
        </label>
      )}
    </Dialog>
  );
}

const slug = (title: string) =>
  title
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

export function AdminProjects() {
  useTitle('Projects - Administration');
  const { id } = useParams();
  const navigate = useNavigate();
  const client = useQueryClient();
  const toast = useToast();
  const { params, get, put } = useAddress();
  const [page, go] = usePage();
  const [gone, setGone] = useState<Project | null>(null);
  const text = get('q');
  const list = useQuery({
    queryKey: ['admin', 'projects', text, page],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      api.get<List<'projects', Project>>(
        '/admin/project',
        { page, pageSize: size, filter: text ? [`title%${text.replaceAll(',', '_')}`] : [] },
        signal,
      ),
  });
  const asked = useQuery({
    queryKey: ['admin', 'project', id],
    enabled: !!id && id !== 'new',
    gcTime: 0,
    staleTime: 0,
    queryFn: ({ signal }) => api.get<Project>(`/admin/project/${id}`, {}, signal),
  });
  const close = () => void navigate({ pathname: '/admin/projects', search: params.toString() });
  const edit = (to: string) => void navigate({ pathname: `/admin/projects/${to}`, search: params.toString() });
  const columns: Column<Project>[] = [
    [
      'Title',
      (p) => (
        <button type="button" className="value name" onClick={() => edit(p.id!)}>
          {p.title || p.name}
        </button>
      ),
    ],
    ['Name', (p) => p.name],
    ['Owner', (p) => (p.owner as User | undefined)?.email ?? <span className="quiet">nobody</span>],
    [
      '',
      (p) => (
        <>
          <Link to={`/project/${p.id}/triage`}>
            Open<span className="sr"> {p.title || p.name}</span>
          </Link>
          <Link to={`/project/${p.id}/members`}>
            Members<span className="sr"> of {p.title || p.name}</span>
          </Link>
          <Button size="sm" variant="link" isDanger onClick={() => setGone(p)}>
            Delete<span className="sr"> {p.title || p.name}</span>
          </Button>
        </>
      ),
    ],
  ];
  return (
    <div>
      <div className="heading">
        <h1>Projects</h1>
        {list.data && (
          <span className="quiet" aria-live="polite">
            {count(list.data.pagination.totalItems)}
          </span>
        )}
        <span className="spring" />
        <Button onClick={() => edit('new')}>New project</Button>
      </div>
      <div className="facts">
        <input
          className="field"
          type="search"
          aria-label="Find projects"
          placeholder="Find by title"
          value={text}
          onChange={(e) => put({ q: e.target.value, page: '' })}
        />
      </div>
      <Listed
        name="Projects"
        asked={list}
        rows={(d) => d.projects}
        id={(p) => p.id!}
        columns={columns}
        empty={
          <Empty
            title={text ? 'No project is called so' : 'No projects yet'}
            actions={!text && <Button onClick={() => edit('new')}>Make the first</Button>}
          />
        }
        page={page}
        size={size}
        go={go}
      />
      {id === 'new' && <Edit project={null} close={close} />}
      {id && id !== 'new' && asked.data && <Edit key={id} project={asked.data} close={close} />}
      {id && asked.error && <Failed error={asked.error} what="This project" />}
      {gone && (
        <Delete
          what="project"
          name={gone.name ?? ''}
          close={() => setGone(null)}
          run={async () => {
            await api.remove(`/admin/project/${gone.id}`);
            toast(`${gone.name} is deleted`);
            await client.invalidateQueries({ queryKey: ['admin'] });
            await client.invalidateQueries({ queryKey: ['projects'] });
          }}
        >
          All its runs, results, artifacts and dashboards go with it. This cannot be undone.
        </Delete>
      )}
    </div>
  );
}
