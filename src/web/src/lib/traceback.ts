/** A piece of a traceback: lines from one number to before another. library names the packages when none of it is one's own code. */
export interface Section {
  from: number;
  to: number;
  library: string;
}

const libraries: [RegExp, (m: RegExpExecArray) => string][] = [
  [/(?:site|dist)-packages[\\/]([\w.-]+)/, (m) => m[1]!.replace(/\.py$/, '')],
  [/node_modules[\\/]((?:@[\w.-]+[\\/])?[\w.-]+)/, (m) => m[1]!],
  [/[\\/]lib[\\/]python[\d.]+[\\/]/, () => 'Python'],
  [/^<frozen /, () => 'Python'],
  [/^node:/, () => 'Node'],
  [/[\\/]go[\\/]pkg[\\/]mod[\\/]([\w./@-]+?)@/, (m) => m[1]!],
  [/^(?:java|javax|jdk|sun|com\.sun)\./, () => 'Java'],
  [/^(org\.(?:junit|testng|springframework|apache|hibernate|mockito|gradle)|kotlin|scala)\b/, (m) => m[1]!],
];

/** libraryOf names the library that a place in code belongs to, and is empty for one's own. */
export function libraryOf(place: string): string {
  for (const [pattern, name] of libraries) {
    const match = pattern.exec(place);
    if (match) return name(match);
  }
  return '';
}

/** Where a line of a traceback says a frame is: pytest's short form, Python, Java, JavaScript. */
const frames = [
  /^\s*File "([^"]+)", line \d+/,
  /^((?:[A-Za-z]:)?[^\s:][^:\n]*\.\w+):\d+: /,
  /^\s+at (?:[\w./]+\/\/?)?([\w.$]+)\([^)]*\)\s*$/,
  /^\s+at (?:.*\()?((?:file:|node:|\/|[A-Za-z]:\\)[^)]*):\d+:\d+\)?\s*$/,
];

function placeOf(line: string): string | null {
  for (const pattern of frames) {
    const match = pattern.exec(line);
    if (match) return match[1]!;
  }
  return null;
}

const separator = /^(?:_ ){3,}_?\s*$/;

/** sections splits a traceback, so that frames of libraries can be folded. The lines that say what went wrong are never among these. */
export function sections(lines: string[]): Section[] {
  // In pytest's long form a block of source ends with its place, and a line of underscores comes between two.
  const libraryFrom = lines.some((l) => separator.test(l)) ? byBlocks(lines) : byFrames(lines);
  const found: Section[] = [];
  libraryFrom.forEach((library, n) => {
    const last = found.at(-1);
    if (last && !!last.library === !!library) {
      last.to = n + 1;
      if (library && !last.library.split(', ').includes(library)) last.library += `, ${library}`;
    } else found.push({ from: n, to: n + 1, library });
  });
  return found;
}

function byFrames(lines: string[]): string[] {
  let library = '';
  return lines.map((line) => {
    const place = placeOf(line);
    if (place !== null) library = libraryOf(place);
    else if (/^E\s|^\S/.test(line)) library = '';
    return library;
  });
}

function byBlocks(lines: string[]): string[] {
  const libraries: string[] = [];
  let block: string[] = [];
  const close = () => {
    const place = block.map(placeOf).findLast((p) => p !== null) ?? '';
    const library = libraryOf(place);
    for (const line of block) libraries.push(/^E\s/.test(line) ? '' : library);
    block = [];
  };
  for (const line of lines) {
    block.push(line);
    if (separator.test(line)) close();
  }
  close();
  return libraries;
}
