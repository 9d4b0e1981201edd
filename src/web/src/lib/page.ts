import type { QueryClient } from '@tanstack/react-query';
import { createElement, use, type FunctionComponent } from 'react';

/** Ask asks the server for what an address shows. */
export type Ask = (
  client: QueryClient,
  params: { project: string; id: string },
  address: URLSearchParams,
) => Promise<unknown>;

/** A page that is shown first can have its file, and its answers, under way before anything is drawn. */
export type Page<P = object> = FunctionComponent<P> & { load?: () => Promise<unknown>; ask?: Ask };

/** page names a page in a file of its own, which is fetched when it is first opened. */
export function page<File, P extends object>(
  fetch: () => Promise<File>,
  choose: (file: File) => FunctionComponent<P>,
): Page<P> {
  let there: FunctionComponent<P> | undefined;
  let coming: Promise<FunctionComponent<P>> | undefined;
  const load = () =>
    (coming ??= fetch().then(
      (file) => (there = choose(file)),
      (e: unknown) => {
        coming = undefined; // the next visit tries again
        throw e;
      },
    ));
  return Object.assign((props: P) => createElement(there ?? use(load()), props), { load });
}
