import { Button } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { api, type List, type User } from '../lib/api';
import { browser, count } from '../lib/format';
import type { components } from '../lib/schema';
import { Dialog } from '../parts/form';
import { Failed, Lines, Time, useTitle } from '../parts/states';
import { Listed, type Column } from '../parts/table';
import { useToast } from '../parts/toast';

type Session = components['schemas']['Session'];
type TokenUse = components['schemas']['TokenUse'];

const size = 25;

/** Question is asked before something stops to work that cannot be brought back. */
interface Question {
  title: string;
  act: string;
  says: string;
  path: string;
  done: string;
}

function Ask({ question, close }: { question: Question; close: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  const run = async () => {
    await api.remove(question.path);
    toast(question.done);
    await client.invalidateQueries({ queryKey: ['sessions'] });
  };
  return (
    <Dialog title={question.title} act={question.act} danger close={close} run={run}>
      <p>{question.says}</p>
    </Dialog>
  );
}

/** SignIns are where somebody is signed in: one's own, each of which can be ended, or another's, which end together. */
function SignIns({ path, own }: { path: string; own: boolean }) {
  const [asked, ask] = useState<Question | null>(null);
  const [page, setPage] = useState(1);
  const list = useQuery({
    queryKey: ['sessions', path, page],
    queryFn: ({ signal }) => api.get<List<'sessions', Session>>(path, { page, pageSize: size }, signal),
  });
  const sessions = list.data?.sessions ?? [];
  const more = own ? sessions.some((s) => !s.current) : sessions.length > 0;
  const columns: Column<Session>[] = [
    [
      'With',
      (s) => (
        <>
          <span title={s.agent}>{browser(s.agent)}</span>
          {s.method && <div className="quiet">{s.method}</div>}
        </>
      ),
    ],
    ['From', (s) => s.client],
    ['Since', (s) => <Time at={s.created} />],
    ['Last used', (s) => (s.current ? <span className="text-passed">✓ this one</span> : <Time at={s.last_used} />)],
    [
      '',
      (s) =>
        own &&
        !s.current && (
          <Button
            size="sm"
            variant="link"
            isDanger
            onClick={() =>
              ask({
                title: 'End this sign-in?',
                act: 'End it',
                says: `${browser(s.agent)} from ${s.client} has to sign in again.`,
                path: `${path}/${s.id}`,
                done: 'The sign-in is ended',
              })
            }
          >
            End<span className="sr"> {browser(s.agent)}</span>
          </Button>
        ),
    ],
  ];
  return (
    <>
      <Listed
        name="Sign-ins"
        asked={list}
        rows={(d) => d.sessions}
        id={(s) => s.id}
        columns={columns}
        empty={<p className="quiet">Not signed in anywhere.</p>}
        page={page}
        size={size}
        go={setPage}
      />
      {more && (
        <p className="section">
          <Button
            size="sm"
            variant="secondary"
            isDanger
            onClick={() =>
              ask({
                title: own ? 'End all other sign-ins?' : 'End all sign-ins?',
                act: own ? 'End all others' : 'End all',
                says: 'Each of these browsers has to sign in again. Tokens go on working.',
                path,
                done: own ? 'All others are ended' : 'All are ended',
              })
            }
          >
            {own ? 'End all others' : 'End all'}
          </Button>
        </p>
      )}
      {asked && <Ask question={asked} close={() => ask(null)} />}
    </>
  );
}

/** Sessions are one's own sign-ins. */
export function Sessions() {
  useTitle('Sign-ins');
  return (
    <div>
      <h1>Sign-ins</h1>
      <p className="quiet section">Where you are signed in. End what you do not know, and change your password then.</p>
      <SignIns path="/user/session" own />
    </div>
  );
}

/** Access is how a user gets in: sign-ins and tokens, for administrators. */
export function Access() {
  const id = useParams()['id'] ?? '';
  const user = useQuery({
    queryKey: ['admin', 'user', id],
    queryFn: ({ signal }) => api.get<User>(`/admin/user/${id}`, {}, signal),
  });
  useTitle('Access - Administration');
  if (user.error) return <Failed error={user.error} what="This user" retry={() => void user.refetch()} />;
  if (!user.data) return <Lines n={4} />;
  return (
    <div>
      <p className="crumb">
        <Link to="/admin/users">Users</Link> / <Link to={`/admin/users/${id}`}>{user.data.email}</Link>
      </p>
      <h1>Access of {user.data.name || user.data.email}</h1>
      <h2 className="section">Sign-ins</h2>
      <SignIns path={`/admin/user/${id}/session`} own={false} />
      <h2 className="section">Tokens</h2>
      <TokensOf user={id} />
      <p className="section">
        <Link to={`/admin/audit?actor=${encodeURIComponent(user.data.email)}`}>What this user has changed</Link>
      </p>
    </div>
  );
}

function TokensOf({ user }: { user: string }) {
  const [asked, ask] = useState<Question | null>(null);
  const [page, setPage] = useState(1);
  const path = `/admin/user/${user}/token`;
  const list = useQuery({
    queryKey: ['sessions', path, page],
    queryFn: ({ signal }) => api.get<List<'tokens', TokenUse>>(path, { page, pageSize: size }, signal),
  });
  const total = list.data?.pagination.totalItems ?? 0;
  const columns: Column<TokenUse>[] = [
    ['Name', (t) => t.name],
    ['Last used', (t) => (t.last_used ? <Time at={t.last_used} /> : <span className="quiet">never</span>)],
    ['From', (t) => t.client],
    ['Works until', (t) => (t.expires ? new Date(t.expires).toLocaleDateString('en-GB') : 'for ever')],
    [
      '',
      (t) => (
        <Button
          size="sm"
          variant="link"
          isDanger
          onClick={() =>
            ask({
              title: `Revoke the token ${t.name}?`,
              act: 'Revoke',
              says: 'What pushes or reads with it is refused from then on. It cannot be brought back.',
              path: `${path}/${t.id}`,
              done: `${t.name} no longer works`,
            })
          }
        >
          Revoke<span className="sr"> {t.name}</span>
        </Button>
      ),
    ],
  ];
  return (
    <>
      <Listed
        name="Tokens"
        asked={list}
        rows={(d) => d.tokens}
        id={(t) => t.id}
        columns={columns}
        empty={<p className="quiet">No tokens.</p>}
        page={page}
        size={size}
        go={setPage}
      />
      {total > 0 && <p className="quiet">{count(total)} in all. The tokens themselves are nobody’s to read.</p>}
      {asked && <Ask question={asked} close={() => ask(null)} />}
    </>
  );
}
