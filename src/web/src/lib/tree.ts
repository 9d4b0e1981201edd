import type { Result } from './api';

export interface Node {
  key: string;
  name: string;
  depth: number;
  tests: number;
  good: number;
  result?: Result;
  children: Node[];
}

/** tree sorts results into the folders and files that they come from. */
export function tree(results: Result[]): Node {
  const root: Node = { key: '', name: '', depth: -1, tests: 0, good: 0, children: [] };
  const folders = new Map<string, Node>([['', root]]);
  for (const r of results) {
    const path = String(r.metadata?.['fspath'] ?? '')
      .split('/')
      .filter(Boolean);
    const good = r.result === 'passed' || r.result === 'xfailed' ? 1 : 0;
    let folder = root;
    folder.tests++;
    folder.good += good;
    for (const part of path) {
      const key = folder.key + '/' + part;
      let next = folders.get(key);
      if (!next) {
        next = { key, name: part, depth: folder.depth + 1, tests: 0, good: 0, children: [] };
        folders.set(key, next);
        folder.children.push(next);
      }
      folder = next;
      folder.tests++;
      folder.good += good;
    }
    folder.children.push({
      key: r.id!,
      name: r.test_id ?? r.id!,
      depth: folder.depth + 1,
      tests: 1,
      good,
      result: r,
      children: [],
    });
  }
  const sort = (n: Node) => {
    n.children.sort(
      (a, b) => Number(!!a.result) - Number(!!b.result) || a.name.localeCompare(b.name, 'en', { numeric: true }),
    );
    n.children.forEach(sort);
  };
  sort(root);
  return root;
}

/** visible lists the nodes that are to be seen when those of open are. */
export function visible(root: Node, open: (n: Node) => boolean): Node[] {
  const rows: Node[] = [];
  const walk = (n: Node) => {
    for (const child of n.children) {
      rows.push(child);
      if (!child.result && open(child)) walk(child);
    }
  };
  walk(root);
  return rows;
}
