import type { Series } from './insight';

/** inOrder puts first what needs eyes first: what has new failures, then what still fails; each the newest first. */
export function inOrder(series: Series[]): Series[] {
  const rank = (s: Series) => (s.newly_failing > 0 ? 0 : s.still_failing > 0 ? 1 : 2);
  return [...series].sort((a, b) => rank(a) - rank(b) || Date.parse(b.start_time) - Date.parse(a.start_time));
}

export interface Since {
  builds: number;
  failing: number;
  fixed: number;
}

/** since sums up what came in after somebody last looked. */
export function since(series: Series[], look: number): Since {
  const fresh = series.filter((s) => Date.parse(s.start_time) > look);
  return {
    builds: fresh.length,
    failing: fresh.reduce((n, s) => n + s.newly_failing, 0),
    fixed: fresh.reduce((n, s) => n + s.fixed, 0),
  };
}

const key = (project: string) => `look.${project}`;

/** looks keeps in this browser when a project's triage was last looked at. */
export const looks = {
  last: (project: string): number => Number(localStorage.getItem(key(project))) || 0,
  now: (project: string): void => localStorage.setItem(key(project), String(Date.now())),
};
