export interface Segment {
  text: string;
  className: string;
}

const colours = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

/** ansi splits a text at its colour codes; every other control sequence is dropped. */
export function ansi(text: string): Segment[] {
  const segments: Segment[] = [];
  let colour = '';
  let bold = false;
  let rest = 0;
  const push = (s: string) => {
    if (s)
      segments.push({
        text: s,
        className: [colour && `ansi-${colour}`, bold && 'ansi-bold'].filter(Boolean).join(' '),
      });
  };
  // eslint-disable-next-line no-control-regex
  for (const match of text.matchAll(/\x1b\[([0-9;?]*)([A-Za-z])/g)) {
    push(text.slice(rest, match.index));
    rest = match.index + match[0].length;
    if (match[2] !== 'm') continue;
    const codes = (match[1] || '0').split(';').map(Number);
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i]!;
      if (code === 0) {
        colour = '';
        bold = false;
      } else if (code === 1) bold = true;
      else if (code === 22) bold = false;
      else if (code === 39) colour = '';
      else if (code >= 30 && code <= 37) colour = colours[code - 30]!;
      else if (code >= 90 && code <= 97) colour = colours[code - 90]!;
      else if (code === 38 || code === 48) i += codes[i + 1] === 2 ? 4 : 2;
    }
  }
  push(text.slice(rest));
  return segments;
}

// eslint-disable-next-line no-control-regex
export const plain = (text: string): string => text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '');
