import { Alert, Button } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState, type FormEvent, type ReactNode } from 'react';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router';
import { api, APIError, session, type Session } from '../lib/api';
import { newProof } from '../lib/proof';
import { useTitle } from '../parts/states';

function Card({ title, children }: { title: string; children: ReactNode }) {
  useTitle(title);
  return (
    <main className="sign-in">
      <div className="panel">
        <div className="brand">
          <img src="/favicon.svg" alt="" width="32" height="32" />
          <span>Ibutsu</span>
        </div>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}

function Field({
  label,
  type = 'text',
  value,
  change,
  complete,
}: {
  label: string;
  type?: string;
  value: string;
  change: (v: string) => void;
  complete: string;
}) {
  return (
    <label className="form-field">
      {label}
      <input
        className="field"
        type={type}
        value={value}
        required
        autoComplete={complete}
        onChange={(e) => change(e.target.value)}
      />
    </label>
  );
}

/** useSend runs a form: one request at a time, its error shown. */
function useSend(send: () => Promise<void>) {
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    setBusy(true);
    setError('');
    send()
      .catch((x: unknown) => setError(x instanceof APIError ? x.message : String(x)))
      .finally(() => setBusy(false));
  };
  return { submit, busy, alert: error && <Alert variant="danger" isInline title={error} /> };
}

/** Only addresses of this page are gone back to. */
const inside = (to: string | null): string => (to && /^\/(?![/\\])/.test(to) ? to : '/project');

interface Config {
  start_url?: string;
  display_name?: string;
}

const names: Record<string, string> = {
  keycloak: 'Keycloak',
  github: 'GitHub',
  gitlab: 'GitLab',
  google: 'Google',
  facebook: 'Facebook',
  oidc: 'OpenID Connect',
};

/** What this window keeps while somebody is away at a provider. */
const away = {
  leave: (verifier: string, back: string) => sessionStorage.setItem('sign-in', JSON.stringify({ verifier, back })),
  back: (): { verifier: string; back: string } | null => {
    const kept = sessionStorage.getItem('sign-in');
    sessionStorage.removeItem('sign-in');
    return kept ? (JSON.parse(kept) as { verifier: string; back: string }) : null;
  },
};

function Provider({ name, back }: { name: string; back: string }) {
  const { data } = useQuery({
    queryKey: ['login-config', name],
    queryFn: () => api.get<Config>(`/login/config/${name}`),
    staleTime: Infinity,
  });
  if (!data?.start_url) return null;
  const start = () => {
    const { verifier, challenge } = newProof();
    away.leave(verifier, back);
    location.assign(data.start_url! + '?challenge=' + challenge);
  };
  return (
    <Button variant="secondary" isBlock onClick={start}>
      Sign in with {data.display_name || names[name] || name}
    </Button>
  );
}

export function Login() {
  const [params, setParams] = useSearchParams();
  const go = useNavigate();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const support = useQuery({
    queryKey: ['support'],
    queryFn: () => api.get<Record<string, boolean>>('/login/support'),
    staleTime: Infinity,
  });
  const back = params.get('back') ?? '';
  const enter = (s: Session, to: string) => {
    session.set({ name: s.name ?? null, email: s.email, token: s.token });
    void go(inside(to), { replace: true });
  };
  const form = useSend(async () => enter(await api.post<Session>('/login', { email, password }), back));
  const ticket = params.get('ticket');
  const [refused, setRefused] = useState('');
  useEffect(() => {
    if (!ticket) return;
    setParams({}, { replace: true });
    const kept = away.back();
    if (!kept) {
      setRefused('This sign-in was begun in another window. Begin it again here.');
      return;
    }
    api.post<Session>('/login/ticket', { ticket, verifier: kept.verifier }).then(
      (s) => enter(s, kept.back),
      (e: unknown) => setRefused(e instanceof APIError ? e.message : String(e)),
    );
  }, [ticket]); // eslint-disable-line react-hooks/exhaustive-deps
  const message = params.get('msg');
  return (
    <Card title="Sign in">
      {message && <Alert variant={params.get('st') === 'success' ? 'success' : 'danger'} isInline title={message} />}
      {refused && <Alert variant="danger" isInline title={refused} />}
      {form.alert}
      {support.data?.['user'] !== false && (
        <form onSubmit={form.submit}>
          <Field label="E-mail" type="email" value={email} change={setEmail} complete="username" />
          <Field label="Password" type="password" value={password} change={setPassword} complete="current-password" />
          <Button type="submit" isBlock isLoading={form.busy} isDisabled={form.busy}>
            Sign in
          </Button>
        </form>
      )}
      {Object.keys(names)
        .filter((p) => support.data?.[p])
        .map((p) => (
          <Provider key={p} name={p} back={back} />
        ))}
      {support.data?.['user'] !== false && (
        <p className="links">
          <Link to="/sign-up">Sign up</Link>
          <Link to="/forgot-password">Forgot your password?</Link>
        </p>
      )}
    </Card>
  );
}

function strength(p: string): string {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^\w]/].filter((k) => k.test(p)).length;
  if (p.length < 8) return 'weak: use eight characters or more';
  return p.length >= 16 || (p.length >= 12 && kinds >= 3) ? 'strong' : 'fair: longer is better';
}

function NewPassword({
  password,
  again,
  change,
  changeAgain,
}: {
  password: string;
  again: string;
  change: (v: string) => void;
  changeAgain: (v: string) => void;
}) {
  return (
    <>
      <Field label="Password" type="password" value={password} change={change} complete="new-password" />
      {password && (
        <p className="quiet" aria-live="polite">
          This password is {strength(password)}.
        </p>
      )}
      <Field label="Password again" type="password" value={again} change={changeAgain} complete="new-password" />
      {again && again !== password && (
        <p className="quiet" role="alert">
          The two differ.
        </p>
      )}
    </>
  );
}

export function SignUp() {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [done, setDone] = useState(false);
  const form = useSend(async () => {
    if (password !== again) throw new APIError(0, 'The two passwords differ.', '');
    await api.post('/login/register', { email, password });
    setDone(true);
  });
  return (
    <Card title="Sign up">
      {done ? (
        <Alert variant="success" isInline title="Check your e-mail for a link that activates your account." />
      ) : (
        <form onSubmit={form.submit}>
          {form.alert}
          <Field label="E-mail" type="email" value={email} change={setEmail} complete="username" />
          <NewPassword password={password} again={again} change={setPassword} changeAgain={setAgain} />
          <Button type="submit" isBlock isLoading={form.busy} isDisabled={form.busy}>
            Sign up
          </Button>
        </form>
      )}
      <p className="links">
        <Link to="/login">Sign in</Link>
      </p>
    </Card>
  );
}

export function Forgot() {
  const [email, setEmail] = useState('');
  const [done, setDone] = useState(false);
  const form = useSend(async () => {
    await api.post('/login/recover', { email });
    setDone(true);
  });
  return (
    <Card title="Forgot your password?">
      {done ? (
        <Alert
          variant="success"
          isInline
          title="If there is an account with this e-mail, a link to set a new password is on its way."
        />
      ) : (
        <form onSubmit={form.submit}>
          {form.alert}
          <Field label="E-mail" type="email" value={email} change={setEmail} complete="username" />
          <Button type="submit" isBlock isLoading={form.busy} isDisabled={form.busy}>
            Send a link
          </Button>
        </form>
      )}
      <p className="links">
        <Link to="/login">Sign in</Link>
      </p>
    </Card>
  );
}

export function Reset() {
  const { code } = useParams();
  const go = useNavigate();
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const form = useSend(async () => {
    if (password !== again) throw new APIError(0, 'The two passwords differ.', '');
    await api.post('/login/reset-password', { activation_code: code, password });
    void go('/login?st=success&msg=' + encodeURIComponent('Your password is set. Sign in with it.'));
  });
  return (
    <Card title="Set a new password">
      <form onSubmit={form.submit}>
        {form.alert}
        <NewPassword password={password} again={again} change={setPassword} changeAgain={setAgain} />
        <Button type="submit" isBlock isLoading={form.busy} isDisabled={form.busy}>
          Set password
        </Button>
      </form>
      <p className="links">
        <Link to="/login">Sign in</Link>
      </p>
    </Card>
  );
}
