import { useQueryClient, type Query } from '@tanstack/react-query';
import { useEffect } from 'react';
import { session } from './api';
import { base } from './base';
import { changes } from './events';
import { follow, throttle, type Tab } from './follow';
import { whenCalm } from './later';

/** hear reads a project's stream until it ends. An EventSource cannot send a token. */
async function hear(project: string, heard: (version: string) => void, signal: AbortSignal): Promise<void> {
  const answer = await fetch(`${base}/api/project/${project}/events`, {
    headers: { Authorization: `Bearer ${session.get()?.token ?? ''}` },
    signal,
  });
  if (!answer.ok || !answer.body) throw new Error(answer.statusText);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const found = changes(rest + value);
    rest = found.rest;
    found.data.forEach(heard);
  }
}

/** until waits for an event of the document, or for the end. */
const until = (is: () => boolean, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const look = () => {
      if (!is() && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
    look();
  });

const tab: Tab = {
  shown: (signal) => until(() => document.visibilityState === 'visible', signal),
  hidden: (signal) => until(() => document.visibilityState === 'hidden', signal),
  wait: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    }),
};

/** What a project's runs and results do not change. */
const untouched = new Set([
  'user',
  'preferences',
  'project',
  'about',
  'members',
  'search',
  'upload',
  'projects',
  'views',
  'dashboards',
  'types',
  'admin',
  'tokens',
  'sessions',
  'support',
  'artifact',
  'artifacts',
]);

/** A query with this meta asks for itself when it is time: a list in which somebody reads. */
export const byItself = { byItself: true };

const concerned = (q: Query) => !untouched.has(String(q.queryKey[0])) && !q.meta?.['byItself'];

/**
 * useLive shows what comes into a project while somebody looks: a moment after a change the page asks anew for what it shows.
 * What was answered before the first version is heard may be older than that, so it is asked for again, too.
 */
export function useLive(project: string): void {
  const client = useQueryClient();
  useEffect(() => {
    if (!project) return;
    const ended = new AbortController();
    const news = {
      first: () => void client.invalidateQueries({ predicate: concerned }, { cancelRefetch: false }),
      changed: throttle(() => void client.invalidateQueries({ predicate: concerned }), 1000, ended.signal),
    };
    const spare = whenCalm(() => void follow((heard, signal) => hear(project, heard, signal), news, tab, ended.signal));
    return () => {
      spare();
      ended.abort();
    };
  }, [project, client]);
}
