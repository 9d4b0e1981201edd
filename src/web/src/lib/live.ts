import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { session } from './api';
import { base } from './base';
import { changes } from './events';

/** hear reads a project's stream until it ends. An EventSource cannot send a token. */
async function hear(project: string, changed: () => void, signal: AbortSignal): Promise<void> {
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
    const heard = changes(rest + value);
    rest = heard.rest;
    if (heard.data.length) changed();
  }
}

const wait = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });

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

/** useLive shows what comes into a project while somebody looks: a moment after a change the page asks anew for what it shows. */
export function useLive(project: string): void {
  const client = useQueryClient();
  useEffect(() => {
    if (!project) return;
    const ended = new AbortController();
    let first = true;
    let due: ReturnType<typeof setTimeout> | undefined;
    const changed = () => {
      if (first) {
        first = false;
        return;
      } // the state of things that the page has just asked for
      due ??= setTimeout(() => {
        due = undefined;
        if (document.visibilityState === 'visible')
          void client.invalidateQueries({ predicate: (q) => !untouched.has(String(q.queryKey[0])) });
      }, 1000);
    };
    const go = async () => {
      for (let pause = 1000; !ended.signal.aborted; pause = Math.min(pause * 2, 60000)) {
        try {
          await hear(project, changed, ended.signal);
          pause = 1000;
        } catch {
          /* away or refused: the page works without */
        }
        await wait(pause, ended.signal);
      }
    };
    void go();
    return () => {
      ended.abort();
      clearTimeout(due);
    };
  }, [project, client]);
}
