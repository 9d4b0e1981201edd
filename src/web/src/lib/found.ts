/** marked splits a text at the places that were found in it: every second part is one of them. */
export function marked(text: string, places: readonly (readonly number[])[]): string[] {
  const parts: string[] = [];
  let at = 0;
  for (const [from = 0, to = 0] of [...places].sort((a, b) => a[0]! - b[0]!)) {
    if (from < at || to <= from || to > text.length) continue;
    parts.push(text.slice(at, from), text.slice(from, to));
    at = to;
  }
  parts.push(text.slice(at));
  return parts;
}

/** places finds the words of a query in a text, whatever their case. */
export function places(text: string, query: string): [number, number][] {
  const found: [number, number][] = [];
  const low = text.toLowerCase();
  if (low.length !== text.length) return found; // a few letters have another length in lower case
  for (const word of new Set(query.toLowerCase().split(/\s+/).filter(Boolean))) {
    for (let at = low.indexOf(word); at >= 0; at = low.indexOf(word, at + word.length))
      found.push([at, at + word.length]);
  }
  return found.sort((a, b) => a[0] - b[0]);
}

export interface Place {
  to: string;
  name: string;
  hint: string;
}

/** placesOf are the pages that somebody can go to, with words that one might look for them by. */
export function pagesOf(base: string, admin: boolean): Place[] {
  const page = (to: string, name: string, hint: string): Place => ({ to, name, hint });
  const inProject = base
    ? [
        page(`${base}/triage`, 'Triage', 'home: newest runs, what is new, fixed, still failing'),
        page(`${base}/dashboard`, 'Dashboards', 'widgets, charts, heatmaps'),
        page(`${base}/runs`, 'Runs', 'list of test runs, builds'),
        page(`${base}/results`, 'Results', 'list of test results, failures'),
        page(`${base}/tests`, 'Tests', 'list of tests, flaky'),
        page(`${base}/compare`, 'Compare', 'two runs or builds, difference'),
        page(`${base}/view`, 'Views', 'Jenkins jobs, accessibility, comparison'),
        page(`${base}/imports`, 'Imports', 'upload JUnit, archives, push results'),
        page(`${base}/start`, 'Push results', 'first run: pytest, JUnit, curl, Playwright, Python client'),
        page(`${base}/members`, 'Members', 'people and roles of the project'),
      ]
    : [];
  const own = [
    page('/profile/user', 'Profile', 'settings: name, password, theme, density'),
    page('/profile/tokens', 'Tokens', 'settings: API tokens for pipelines'),
    page('/profile/sessions', 'Sign-ins', 'settings: sessions, sign out elsewhere'),
    page('/project', 'Projects', 'choose another project'),
  ];
  const ruling = admin
    ? [
        page('/admin/home', 'Health', 'administration: database, workers, queues'),
        page('/admin/users', 'Users', 'administration: people, passwords, sessions, tokens'),
        page('/admin/projects', 'Projects (administration)', 'administration: owners, members, delete'),
        page('/admin/groups', 'Groups', 'administration: groups of projects and users'),
        page('/admin/imports', 'Imports (administration)', 'administration: uploads with errors'),
        page('/admin/jobs', 'Jobs', 'administration: queues, schedule, workers, retry'),
        page('/admin/retention', 'Retention', 'administration: how long things are kept'),
        page('/admin/audit', 'Audit log', 'administration: who changed what'),
      ]
    : [];
  return [...inProject, ...own, ...ruling];
}

/** pagesFor are the pages that all words of a query lead to, those named by it first. */
export function pagesFor(query: string, pages: Place[]): Place[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (p: Place) => (p.name.toLowerCase().startsWith(query.toLowerCase()) ? 0 : 1);
  return pages
    .filter((p) => words.every((w) => `${p.name} ${p.hint}`.toLowerCase().includes(w)))
    .toSorted((a, b) => rank(a) - rank(b))
    .slice(0, 5);
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** An id that somebody pasted is a run's or a result's. */
export const isID = (text: string): boolean => uuid.test(text.trim());
