import type { Result } from './api';

export const failing = (result: string | undefined): boolean => result === 'failed' || result === 'error';

/** messageOf is the line that says what went wrong. */
export function messageOf(r: Result): string {
  const meta = r.metadata ?? {};
  const text = [meta['message'], meta['short_tb'], meta['fail_reason'], meta['skip_reason'], meta['reason']].find(
    (v) => typeof v === 'string' && v,
  ) as string | undefined;
  if (!text) return '';
  const lines = text
    .split('\n')
    .map((l) => l.trim())
    .filter(Boolean);
  const marked = lines.filter((l) => /^E\s/.test(l)).map((l) => l.replace(/^E\s+/, ''));
  const said = (marked[0] ?? lines.at(-1) ?? '').slice(0, 300);
  const name = String(meta['exception_name'] ?? '');
  return name && said.startsWith(name + ': ') ? said.slice(name.length + 2) : said;
}
