import type { QueryClient } from '@tanstack/react-query';
import { createElement, use, type FunctionComponent } from 'react';

/** A page is fetched when it is first opened, or when begin asks for it. One that is always there asks then for its data. */
export type Page<P = object> = FunctionComponent<P> & {
  begin: (client: QueryClient, project: string) => Promise<unknown> | void;
};

/** page names a page in a file of its own. */
export function page<File, P extends object>(
  load: () => Promise<File>,
  choose: (file: File) => FunctionComponent<P>,
): Page<P> {
  let there: FunctionComponent<P> | undefined;
  let coming: Promise<FunctionComponent<P>> | undefined;
  const begin = () =>
    (coming ??= load().then(
      (file) => (there = choose(file)),
      (e: unknown) => {
        coming = undefined; // the next visit tries again
        throw e;
      },
    ));
  return Object.assign((props: P) => createElement(there ?? use(begin()), props), { begin });
}
