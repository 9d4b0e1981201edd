// Written out by hand: a browser takes longer to get its first Intl format ready than to draw a list.
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number): string => String(n).padStart(2, '0');
const day = (t: Date): string => `${t.getDate()} ${months[t.getMonth()]} ${t.getFullYear()}`;

/** count says a whole number: 12,345. */
export const count = (n: number): string => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',');

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** bytes says how large something is: 812 bytes, 1.2 MiB. */
export function bytes(n: number): string {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(n) / 10)));
  return `${power === 0 ? count(n) : (n / 1024 ** power).toFixed(1)} ${units[power]}`;
}

/** short is at most so many letters of a text. */
export const short = (text: string, most: number): string =>
  text.length > most ? text.slice(0, most - 1).trimEnd() + '…' : text;

/** duration says seconds as a person would: 340 ms, 1.2 s, 1 m 23 s, 2 h 5 m. */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return '–';
  if (seconds < 0.0005) return '0 s';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1).replace(/\.0$/, '') : Math.floor(seconds)} s`;
  const total = Math.round(seconds);
  const h = Math.floor(total / 3600);
  const m = Math.floor((total % 3600) / 60);
  const s = total % 60;
  if (h > 0) return m > 0 ? `${h} h ${m} m` : `${h} h`;
  return s > 0 ? `${m} m ${s} s` : `${m} m`;
}

/** ago says how long before now an instant was. */
export function ago(instant: string | null | undefined, now = Date.now()): string {
  if (!instant) return '–';
  const s = (now - Date.parse(instant)) / 1000;
  if (s < 0) return exact(instant);
  if (s < 60) return 'just now';
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ago`;
  if (s < 86400 * 14) return `${Math.floor(s / 86400)} d ago`;
  return day(new Date(instant));
}

/** exact says an instant to the second, in the time of where the browser is. */
export function exact(instant: string | null | undefined): string {
  if (!instant) return '';
  const t = new Date(instant);
  return `${day(t)}, ${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}

/** testName splits a test id into where it lives, what it is called and with which parameters it ran. */
export function testName(id: string): { path: string; name: string; params: string } {
  const bracket = id.endsWith(']') ? id.indexOf('[') : -1;
  const params = bracket > 0 ? id.slice(bracket + 1, -1) : '';
  const whole = bracket > 0 ? id.slice(0, bracket) : id;
  const colons = whole.lastIndexOf('::');
  if (colons > 0) return { path: whole.slice(0, colons), name: whole.slice(colons + 2), params };
  const dot = whole.lastIndexOf('.');
  if (dot > 0 && !/\s/.test(whole)) return { path: whole.slice(0, dot), name: whole.slice(dot + 1), params };
  return { path: '', name: whole, params };
}

// Those first that others claim to be as well.
const browsers: [string, RegExp][] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\/(\d+)/],
  ['Opera', /\bOPR\/(\d+)/],
  ['Firefox', /\b(?:Firefox|FxiOS)\/(\d+)/],
  ['Chrome', /\b(?:Headless)?(?:Chrome|CriOS)\/(\d+)/],
  ['Safari', /\bVersion\/(\d+)\S* (?:Mobile\/\S+ )?Safari\b/],
];
const systems: [string, RegExp][] = [
  ['Android', /Android/],
  ['iOS', /iPhone|iPad/],
  ['Windows', /Windows/],
  ['macOS', /Mac OS X/],
  ['Linux', /Linux/],
];

/** browser says what a User-Agent stands for, and repeats what is no browser's. */
export function browser(agent: string | null | undefined): string {
  if (!agent) return 'unknown';
  for (const [name, pattern] of browsers) {
    const version = pattern.exec(agent)?.[1];
    if (!version) continue;
    const system = systems.find(([, mark]) => mark.test(agent))?.[0];
    return `${name} ${version}${system ? ` on ${system}` : ''}`;
  }
  return agent;
}
