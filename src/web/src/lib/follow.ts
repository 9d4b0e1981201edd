/** What a tab does: it is shown and hidden, and time passes. Each ends early when the signal does. */
export interface Tab {
  shown: (signal: AbortSignal) => Promise<void>;
  hidden: (signal: AbortSignal) => Promise<void>;
  wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

const [shortest, longest] = [1000, 60000];

/**
 * follow hears of versions for as long as the tab is seen, and comes back when a stream ends: at once after one that told
 * something, less and less often where none does. It says first for the version from which on it hears of everything, and
 * changed for each that is another than the last, also when that came while nobody looked. hear reads one stream.
 */
export async function follow(
  hear: (heard: (version: string) => void, signal: AbortSignal) => Promise<void>,
  { first, changed }: { first: () => void; changed: () => void },
  tab: Tab,
  ended: AbortSignal,
): Promise<void> {
  let known: string | undefined;
  let pause = shortest;
  const heard = (version: string) => {
    pause = shortest;
    if (known === undefined) first();
    else if (version !== known) changed();
    known = version;
  };
  while (!ended.aborted) {
    await tab.shown(ended);
    if (ended.aborted) return;
    const stream = new AbortController();
    const stop = () => stream.abort();
    ended.addEventListener('abort', stop);
    void tab.hidden(stream.signal).then(stop);
    try {
      await hear(heard, stream.signal);
    } catch {
      // Away or refused: the page works without.
    }
    ended.removeEventListener('abort', stop);
    if (!stream.signal.aborted) {
      stop();
      // Not all tabs of a house at once, when a server comes back.
      await tab.wait(pause * (0.5 + Math.random() / 2), ended);
      pause = Math.min(pause * 2, longest);
    }
  }
}

/** throttle runs something soon after it is asked for, but no more often than once in so many ms. */
export function throttle(run: () => void, ms: number, ended: AbortSignal): () => void {
  let last = -Infinity;
  let due: ReturnType<typeof setTimeout> | undefined;
  ended.addEventListener('abort', () => clearTimeout(due));
  return () => {
    if (ended.aborted) return;
    due ??= setTimeout(
      () => {
        due = undefined;
        last = Date.now();
        run();
      },
      Math.max(50, last + ms - Date.now()),
    );
  };
}
