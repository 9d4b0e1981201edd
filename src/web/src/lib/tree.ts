import type { Result } from './api';
import type { RunFiles } from './insight';
import type { Counts } from './runs';

/** A folder, a file with tests, a result of a file, or what is left of a file's results. */
export interface Node {
  key: string;
  name: string;
  depth: number;
  counts: Counts;
  children: Node[];
  /** The path of a file, as its results have it. */
  file?: string;
  result?: Result;
  left?: { n: number; file: string };
}

type File = RunFiles['files'][number];

const none = (): Counts => ({ passed: 0, failed: 0, error: 0, skipped: 0, xfailed: 0, xpassed: 0, total: 0 });

/** What results that name no file are shown below. */
const nowhere = 'without a file';

export const failingIn = (n: Node): number => n.counts.failed + n.counts.error;

/** tree sorts files into their folders, and counts what is in each. */
export function tree(files: File[]): Node {
  const root: Node = { key: '', name: '', depth: -1, counts: none(), children: [] };
  const folders = new Map<string, Node>([['', root]]);
  const add = (to: Node, c: File['counts']) => {
    const { tests, ...states } = c;
    to.counts.total += tests;
    for (const [state, n] of Object.entries(states)) to.counts[state as keyof typeof states] += n;
  };
  for (const f of files) {
    const parts = f.path.split('/').filter(Boolean);
    const name = parts.pop() ?? nowhere;
    let folder = root;
    add(folder, f.counts);
    for (const part of parts) {
      const key = folder.key + '/' + part;
      let next = folders.get(key);
      if (!next) {
        next = { key, name: part, depth: folder.depth + 1, counts: none(), children: [] };
        folders.set(key, next);
        folder.children.push(next);
      }
      folder = next;
      add(folder, f.counts);
    }
    const file: Node = {
      key: `file ${f.path}`,
      name,
      depth: folder.depth + 1,
      counts: none(),
      children: [],
      file: f.path,
    };
    add(file, f.counts);
    folder.children.push(file);
  }
  const isFile = (n: Node) => Number(n.file !== undefined);
  const sort = (n: Node) => {
    n.children.sort((a, b) => isFile(a) - isFile(b) || a.name.localeCompare(b.name, 'en', { numeric: true }));
    n.children.forEach(sort);
  };
  sort(root);
  return root;
}

/** visible lists the nodes that are to be seen when those of open are; a file has the results that inside knows. */
export function visible(root: Node, open: (n: Node) => boolean, inside: (file: Node) => Node[]): Node[] {
  const rows: Node[] = [];
  const walk = (n: Node) => {
    for (const child of n.children) {
      rows.push(child);
      if (!open(child)) continue;
      if (child.file === undefined) walk(child);
      else rows.push(...inside(child));
    }
  };
  walk(root);
  return rows;
}

/** leaves are the results of a file that have come, and a row for those that have not. */
export function leaves(file: Node, results: Result[]): Node[] {
  const depth = file.depth + 1;
  const rows: Node[] = results.map((result) => ({
    key: result.id!,
    name: result.test_id ?? result.id!,
    depth,
    counts: none(),
    children: [],
    result,
  }));
  const left = file.counts.total - results.length;
  if (left > 0) {
    const of = file.file ?? '';
    rows.push({ key: `left ${of}`, name: '', depth, counts: none(), children: [], left: { n: left, file: of } });
  }
  return rows;
}
