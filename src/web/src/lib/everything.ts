import { api, type List } from './api';

/** Whatever is fetched whole, for an export or for a selection, has no more rows than this. */
export const most = 5000;

const size = 500;

/** everything fetches the rows that match, up to most, and says how many are there. */
export async function everything<K extends 'runs' | 'results', T>(
  path: string,
  key: K,
  asked: { filter: string[]; orderBy?: string },
  found: (n: number, of: number) => void,
): Promise<T[]> {
  const rows: T[] = [];
  for (let page = 1; rows.length < most; page++) {
    const list = await api.get<List<K, T>>(path, { ...asked, page, pageSize: size, estimate: page > 1 });
    rows.push(...list[key]);
    const of = Math.min(most, list.pagination.totalItems);
    found(rows.length, of);
    if (list[key].length < size || rows.length >= of) break;
  }
  return rows.slice(0, most);
}

/** save gives a file to the browser. */
export function save(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}
