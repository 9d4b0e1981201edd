export interface Line {
  sign: ' ' | '+' | '-';
  text: string;
}

/** difference lists the lines of two texts, those in one alone marked. Texts of over 2,000 lines are cut: the table grows with the square. */
export function difference(a: string, b: string): Line[] {
  const x = a.split('\n').slice(0, 2000);
  const y = b.split('\n').slice(0, 2000);
  const w = y.length + 1;
  const t = new Uint16Array((x.length + 1) * w);
  for (let i = x.length - 1; i >= 0; i--)
    for (let j = y.length - 1; j >= 0; j--)
      t[i * w + j] = x[i] === y[j] ? t[(i + 1) * w + j + 1]! + 1 : Math.max(t[(i + 1) * w + j]!, t[i * w + j + 1]!);
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) {
      lines.push({ sign: ' ', text: x[i]! });
      i++;
      j++;
    } else if (j >= y.length || (i < x.length && t[(i + 1) * w + j]! >= t[i * w + j + 1]!))
      lines.push({ sign: '-', text: x[i++]! });
    else lines.push({ sign: '+', text: y[j++]! });
  }
  return lines;
}

/** Lines that stand together; those of a fold are equal on both sides and far from any that differ. */
export interface Hunk {
  fold: boolean;
  lines: Line[];
}

/** hunks folds what is equal, apart from a few lines around what differs. */
export function hunks(lines: Line[], around = 3): Hunk[] {
  const near = lines.map(() => false);
  lines.forEach((l, n) => {
    if (l.sign !== ' ') near.fill(true, Math.max(0, n - around), n + around + 1);
  });
  const found: Hunk[] = [];
  lines.forEach((l, n) => {
    const last = found.at(-1);
    if (last && last.fold === !near[n]) last.lines.push(l);
    else found.push({ fold: !near[n], lines: [l] });
  });
  // A single line takes no less room when it is folded.
  return found.map((h) => (h.lines.length === 1 ? { ...h, fold: false } : h));
}

/** flat lists the values below some metadata with their paths; a list is one value. */
export function flat(value: unknown, path = ''): [string, string][] {
  if (value == null || value === '') return [];
  if (typeof value !== 'object') return [[path, String(value)]];
  if (Array.isArray(value))
    return value.length === 0
      ? []
      : [[path, value.map((v) => (typeof v === 'object' ? JSON.stringify(v) : String(v))).join(', ')]];
  return Object.entries(value).flatMap(([k, v]) => flat(v, path ? `${path}.${k}` : k));
}

export interface Changed {
  path: string;
  before: string | undefined;
  after: string | undefined;
}

/** changed lists the values that differ between two metadata, and leaves out what differs always. */
export function changed(a: unknown, b: unknown, besides: RegExp = /^$/): Changed[] {
  const before = new Map(flat(a));
  const after = new Map(flat(b));
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path) !== after.get(path) && !besides.test(path))
    .sort()
    .map((path) => ({ path, before: before.get(path), after: after.get(path) }));
}
