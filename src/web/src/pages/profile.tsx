import { Button } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type FormEvent } from 'react';
import { Link } from 'react-router';
import { useUser } from '../frame';
import { api, APIError, type List, type Project, type Token, type User } from '../lib/api';
import { exact } from '../lib/format';
import type { components } from '../lib/schema';
import { Copy, Empty, Failed, Lines, Time, useTitle } from '../parts/states';
import { Table } from '../parts/table';
import { useToast } from '../parts/toast';

const says = (e: unknown) => (e instanceof APIError ? e.message : String(e));

export function Profile() {
  useTitle('Profile');
  const user = useUser();
  const client = useQueryClient();
  const toast = useToast();
  const [name, setName] = useState('');
  useEffect(() => setName(user.data?.name ?? ''), [user.data]);
  const projects = useQuery({
    queryKey: ['projects', 'mine'],
    queryFn: ({ signal }) => api.get<List<'projects', Project>>('/project', { pageSize: 200 }, signal),
  });
  if (user.error) return <Failed error={user.error} what="Your profile" retry={() => void user.refetch()} />;
  if (!user.data) return <Lines n={3} />;
  const save = async (e: FormEvent) => {
    e.preventDefault();
    try {
      client.setQueryData(['user'], { ...user.data, ...(await api.put<User>('/user', { name })) });
      toast('Saved');
    } catch (x) {
      toast('Not saved', { kind: 'danger', body: says(x) });
    }
  };
  return (
    <div className="narrow">
      <h1>Profile</h1>
      <form className="panel" onSubmit={(e) => void save(e)}>
        <label className="form-field">
          Name
          <input className="field" value={name} autoComplete="name" onChange={(e) => setName(e.target.value)} />
        </label>
        <p className="quiet">
          E-mail: {user.data.email}
          {user.data.is_superadmin && ' · administrator'}
        </p>
        <Button type="submit" isDisabled={name === (user.data.name ?? '')}>
          Save
        </Button>
      </form>
      <h2 className="section">Projects</h2>
      <ul className="plain-list panel">
        {(projects.data?.projects ?? []).map((p) => (
          <li key={p.id}>
            <Link to={`/project/${p.id}/triage`}>{p.title || p.name}</Link>
            {p.owner_id === user.data.id && <span className="quiet"> owner</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Tokens() {
  useTitle('Tokens');
  const client = useQueryClient();
  const toast = useToast();
  const [name, setName] = useState('');
  const [until, setUntil] = useState(() => new Date(Date.now() + 365 * 86400000).toISOString().slice(0, 10));
  const [made, setMade] = useState<Token | null>(null);
  const [asked, setAsked] = useState('');
  const { data, error, refetch } = useQuery({
    queryKey: ['tokens'],
    queryFn: ({ signal }) => api.get<List<'tokens', Token>>('/user/token', { pageSize: 200 }, signal),
  });
  const uses = useQuery({
    queryKey: ['tokens', 'use'],
    queryFn: ({ signal }) =>
      api.get<List<'tokens', components['schemas']['TokenUse']>>('/user/token-use', { pageSize: 200 }, signal),
  });
  const lastUse = (id: string) => {
    const use = uses.data?.tokens.find((u) => u.id === id);
    return !use ? (
      '–'
    ) : use.last_used ? (
      <>
        <Time at={use.last_used} />
        {use.client && <div className="quiet">from {use.client}</div>}
      </>
    ) : (
      <span className="quiet">never</span>
    );
  };
  const ends = (at: string | null | undefined) => {
    const left = at ? (Date.parse(at) - Date.now()) / 86400000 : Infinity;
    return left < 0 ? (
      <div className="text-failed">✕ has ended</div>
    ) : left < 14 ? (
      <div className="text-error">▲ ends in {Math.ceil(left)} days</div>
    ) : null;
  };
  const add = async (e: FormEvent) => {
    e.preventDefault();
    try {
      setMade(await api.post<Token>('/user/token', { name, expires: new Date(`${until}T23:59:59.999`).toISOString() }));
      setName('');
      await client.invalidateQueries({ queryKey: ['tokens'] });
    } catch (x) {
      toast('No token was made', { kind: 'danger', body: says(x) });
    }
  };
  const remove = async (t: Token) => {
    try {
      await api.remove(`/user/token/${t.id}`);
      toast(`Token ${t.name} no longer works`);
      await client.invalidateQueries({ queryKey: ['tokens'] });
    } catch (x) {
      toast('Not deleted', { kind: 'danger', body: says(x) });
    }
    setAsked('');
  };
  return (
    <div>
      <h1>Tokens</h1>
      <form className="panel inline" onSubmit={(e) => void add(e)}>
        <label className="form-field">
          Name
          <input
            className="field"
            required
            value={name}
            placeholder="nightly pipeline"
            onChange={(e) => setName(e.target.value)}
          />
        </label>
        <label className="form-field">
          Works until the end of
          <input className="field" type="date" required value={until} onChange={(e) => setUntil(e.target.value)} />
        </label>
        <Button type="submit">Make a token</Button>
      </form>
      {made && (
        <div className="panel" role="status">
          <strong>{made.name}</strong>
          <p>Copy it now: this page does not show it again.</p>
          <p className="command">
            <code className="break">{made.token}</code>
            <Copy text={made.token} label="Copy the token" />
          </p>
        </div>
      )}
      {error ? (
        <Failed error={error} what="Tokens" retry={() => void refetch()} />
      ) : !data ? (
        <Lines n={3} />
      ) : data.tokens.length === 0 ? (
        <Empty title="No tokens yet">Pipelines sign in with one.</Empty>
      ) : (
        <Table
          name="Tokens"
          rows={data.tokens}
          id={(t) => t.id!}
          columns={[
            ['Name', (t) => t.name],
            ['Last used', (t) => lastUse(t.id!)],
            [
              'Works until',
              (t) => (
                <>
                  {t.expires ? exact(t.expires) : 'for ever'}
                  {ends(t.expires)}
                </>
              ),
            ],
            [
              '',
              (t) =>
                asked === t.id ? (
                  <>
                    <Button size="sm" variant="danger" onClick={() => void remove(t)}>
                      Delete {t.name}
                    </Button>
                    <Button size="sm" variant="link" onClick={() => setAsked('')}>
                      Keep
                    </Button>
                  </>
                ) : (
                  <Button size="sm" variant="link" isDanger onClick={() => setAsked(t.id!)}>
                    Delete<span className="sr"> {t.name}</span>
                  </Button>
                ),
            ],
          ]}
        />
      )}
    </div>
  );
}
