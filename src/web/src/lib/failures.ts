import type { Result } from './api';

export interface Group {
  key: string;
  exception: string;
  message: string;
  results: Result[];
}

/** normalise takes out of a message what differs each time: numbers, ids, addresses, times, quoted values. */
export function normalise(message: string): string {
  return message
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '‹id›')
    .replace(/0x[0-9a-f]+/gi, '‹address›')
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?/g, '‹time›')
    .replace(/'[^']*'|"[^"]*"/g, '‹…›')
    .replace(/\d+(\.\d+)?/g, '‹n›')
    .trim();
}

export const failing = (result: string | undefined): boolean => result === 'failed' || result === 'error';

/** messageOf is the line that says what went wrong. */
export function messageOf(r: Result): string {
  const meta = r.metadata ?? {};
  const text = [meta['message'], meta['short_tb'], meta['fail_reason'], meta['skip_reason'], meta['reason']].find((v) => typeof v === 'string' && v) as string | undefined;
  if (!text) return '';
  const lines = text.split('\n').map((l) => l.trim()).filter(Boolean);
  const marked = lines.filter((l) => /^E\s/.test(l)).map((l) => l.replace(/^E\s+/, ''));
  const said = (marked[0] ?? lines.at(-1) ?? '').slice(0, 300);
  const name = String(meta['exception_name'] ?? '');
  return name && said.startsWith(name + ': ') ? said.slice(name.length + 2) : said;
}

/** groups puts failures together that have the same exception and the same message but for its values; largest first. */
export function groups(results: Result[]): Group[] {
  const found = new Map<string, Group>();
  for (const r of results) {
    if (!failing(r.result)) continue;
    const exception = String(r.metadata?.['exception_name'] ?? '') || (r.result === 'error' ? 'Error' : 'Failure');
    const message = messageOf(r);
    const key = exception + '\n' + normalise(message);
    const group = found.get(key);
    if (group) group.results.push(r);
    else found.set(key, { key, exception, message, results: [r] });
  }
  return [...found.values()].sort((a, b) => b.results.length - a.results.length || a.key.localeCompare(b.key));
}
