import type { Change } from './insight';

/** The changes in the order in which they are worth a look, and what people call them. */
export const changes: [Change, string][] = [
  ['newly_failing', 'Newly failing'],
  ['still_failing', 'Still failing'],
  ['fixed', 'Fixed'],
  ['slower', 'Slower'],
  ['new', 'New'],
  ['gone', 'Gone'],
];

/** compareAddress is where two builds are compared, the older first; each is one run or several. */
export const compareAddress = (base: string, older: string[], newer: string[]): string =>
  `${base}/compare?${[...older.map((r) => `a=${r}`), ...newer.map((r) => `b=${r}`)].join('&')}`;
