import { base } from './base';
import type { components } from './schema';

type Schemas = components['schemas'];
type Open = Record<string, unknown>;
export type Run = Omit<Schemas['Run'], 'metadata' | 'summary'> & {
  metadata?: Open;
  summary?: Record<string, number> | null;
};
export type RunPin = Schemas['RunPin'];
export type Result = Omit<Schemas['Result'], 'metadata' | 'params'> & { metadata?: Open; params?: Open | null };
export type Artifact = Schemas['Artifact'];
export type Project = Schemas['Project'];
export type User = Omit<Schemas['User'], 'projects'> & { projects?: Project[] };
export type Dashboard = Schemas['Dashboard'];
export type WidgetConfig = Omit<Schemas['WidgetConfig'], 'params'> & { params?: Open | null };
export type Token = Schemas['Token'];
export type Import = Omit<Schemas['Import'], 'metadata'> & {
  metadata?: Open | null;
  run_id?: string | string[] | null;
};
export interface Pagination {
  page: number;
  pageSize: number;
  totalItems: number;
  totalPages: number;
}
export type List<K extends string, T> = Record<K, T[]> & { pagination: Pagination };

/** What went wrong with a request, in the server's words. */
export class APIError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly request: string,
    readonly code?: string,
  ) {
    super(message);
  }
}

export interface Session {
  name?: string | null;
  email: string;
  token: string;
}

const key = 'user';
export const session = {
  get(): Session | null {
    try {
      const s = JSON.parse(localStorage.getItem(key) ?? 'null') as Session | null;
      return s?.token ? s : null;
    } catch {
      return null;
    }
  },
  set: (s: Session) => localStorage.setItem(key, JSON.stringify(s)),
  clear: () => localStorage.removeItem(key),
};

/** signOut forgets the token and comes back to here after the next sign-in. */
export function signOut(back = true): void {
  session.clear();
  const here = (location.pathname.slice(base.length) || '/') + location.search + location.hash;
  location.assign(
    base + '/login' + (back && !here.startsWith('/login') && here !== '/' ? '?back=' + encodeURIComponent(here) : ''),
  );
}

type Query = Record<string, string | number | boolean | string[] | undefined | null>;

export function query(q: Query): string {
  const p = new URLSearchParams();
  for (const [k, v] of Object.entries(q)) {
    if (v == null || v === '') continue;
    for (const one of Array.isArray(v) ? v : [v]) p.append(k, String(one));
  }
  return p.size ? '?' + p : '';
}

async function send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const s = session.get();
  const form = body instanceof FormData;
  let answer: Response;
  try {
    answer = await fetch(base + '/api' + path, {
      method,
      headers: {
        ...(s && { Authorization: `Bearer ${s.token}` }),
        ...(body !== undefined && !form && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: form ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch (e) {
    if (signal?.aborted) throw e;
    throw new APIError(0, 'The server cannot be reached. Nothing is lost; try again in a moment.', '');
  }
  if (answer.ok) return answer;
  if (answer.status === 401 && s && !path.startsWith('/login') && !path.startsWith('/project/')) signOut();
  const text = await answer.text();
  let message = text.trim() || answer.statusText;
  let code: string | undefined;
  try {
    const parsed = JSON.parse(text) as string | { detail?: string; message?: string; code?: string };
    message = typeof parsed === 'string' ? parsed : (parsed.message ?? parsed.detail ?? message);
    code = typeof parsed === 'string' ? undefined : parsed.code;
  } catch {
    /* a plain text is its own message */
  }
  throw new APIError(answer.status, message, answer.headers.get('x-request-id') ?? '', code);
}

async function json<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const answer = await send(method, path, body, signal);
  const text = await answer.text();
  return (text ? JSON.parse(text) : null) as T;
}

export const api = {
  get: <T>(path: string, q: Query = {}, signal?: AbortSignal) => json<T>('GET', path + query(q), undefined, signal),
  post: <T>(path: string, body: unknown) => json<T>('POST', path, body),
  put: <T>(path: string, body: unknown) => json<T>('PUT', path, body),
  remove: (path: string) => json<string>('DELETE', path),
  blob: async (path: string, signal?: AbortSignal) => (await send('GET', path, undefined, signal)).blob(),
};
