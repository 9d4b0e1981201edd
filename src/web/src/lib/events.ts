/** changes takes the data of each event `change` out of a stream of server-sent events; what is left over is for the next piece. */
export function changes(text: string): { data: string[]; rest: string } {
  const events = text.split('\n\n');
  const rest = events.pop() ?? '';
  const data = events.filter((e) => /^event: change$/m.test(e)).map((e) => /^data: (.*)$/m.exec(e)?.[1] ?? '');
  return { data, rest };
}
