import { session } from './api';

/** What a person has chosen for the page. The server keeps it; this browser has a copy, so that nothing waits for the server. */
export type Choices = Record<string, unknown>;

const key = 'preferences';

/** kept is the copy in this browser. Another person's is passed over. */
export const kept = {
  get(): Choices {
    try {
      const copy = JSON.parse(localStorage.getItem(key) ?? 'null') as { email: string; choices: Choices } | null;
      return copy && copy.email === session.get()?.email ? copy.choices : {};
    } catch {
      return {};
    }
  },
  set(choices: Choices) {
    localStorage.setItem(key, JSON.stringify({ email: session.get()?.email, choices }));
  },
};

/** The projects that somebody has been in with this browser, the newest first. */
export const recent = {
  get(): string[] {
    try {
      const ids = JSON.parse(localStorage.getItem('projects') ?? '[]') as unknown;
      return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
    } catch {
      return [];
    }
  },
  add: (id: string) =>
    localStorage.setItem('projects', JSON.stringify([id, ...recent.get().filter((p) => p !== id)].slice(0, 8))),
};

export type Theme = 'light' | 'dark' | 'system';
export type Density = 'roomy' | 'dense';

/** wear shows the page in a theme and density, and keeps both where theme.js finds them before anything is drawn. */
export function wear(theme: Theme, density: Density): void {
  if (theme === 'system') localStorage.removeItem('theme');
  else localStorage.setItem('theme', theme);
  localStorage.setItem('density', density);
  const dark = theme === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
  const root = document.documentElement.classList;
  root.toggle('pf-v6-theme-dark', dark);
  root.toggle('dense', density === 'dense');
}
