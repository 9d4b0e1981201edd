import { expect, test, vi } from 'vitest';
import { follow, throttle, type Tab } from './follow';

/** A tab that is shown and hidden when the test says so, and in which time passes at once. */
class Room implements Tab {
  waits: number[] = [];
  #visible = true;
  #look = new Set<() => void>();
  show(visible: boolean) {
    this.#visible = visible;
    this.#look.forEach((look) => look());
  }
  #until(visible: boolean, signal: AbortSignal) {
    if (this.#visible === visible) return Promise.resolve();
    return new Promise<void>((resolve) => {
      const look = () => {
        if (this.#visible === visible || signal.aborted) resolve();
      };
      this.#look.add(look);
      signal.addEventListener('abort', look);
    });
  }
  shown = (signal: AbortSignal) => this.#until(true, signal);
  hidden = (signal: AbortSignal) => this.#until(false, signal);
  wait = async (ms: number) => {
    this.waits.push(ms);
  };
}

/** A stream that tells what it is given, and ends when it is left or told to. */
function stream(signal: AbortSignal, tell: string[], heard: (version: string) => void, stays: boolean) {
  tell.forEach(heard);
  return stays ? new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())) : Promise.resolve();
}

test('the first version is no change, another one is, also after a stream has ended', async () => {
  const ended = new AbortController();
  const streams = [['5'], ['5', '6'], ['6'], ['8']];
  let [first, changed] = [0, 0];
  const hear = (heard: (version: string) => void, signal: AbortSignal) => {
    const tell = streams.shift();
    if (!tell) ended.abort();
    return stream(signal, tell ?? [], heard, false);
  };
  await follow(hear, { first: () => first++, changed: () => changed++ }, new Room(), ended.signal);
  expect(first).toBe(1);
  expect(changed).toBe(2);
});

test('a hidden tab hears nothing, and learns what it missed when it is shown again', async () => {
  const ended = new AbortController();
  const room = new Room();
  const versions = ['1', '4'];
  const open: AbortSignal[] = [];
  let changed = 0;
  const following = follow(
    (heard, signal) => {
      open.push(signal);
      return stream(signal, [versions.shift()!], heard, true);
    },
    { first: () => {}, changed: () => changed++ },
    room,
    ended.signal,
  );
  await vi.waitFor(() => expect(open.length).toBe(1));
  room.show(false);
  await vi.waitFor(() => expect(open[0]!.aborted).toBe(true));
  expect(room.waits).toEqual([]);
  expect(open.length).toBe(1);
  room.show(true);
  await vi.waitFor(() => expect(open.length).toBe(2));
  expect(changed).toBe(1);
  ended.abort();
  await following;
  expect(open[1]!.aborted).toBe(true);
});

test('it comes back less and less often where nothing answers, and soon again after an answer', async () => {
  const ended = new AbortController();
  const room = new Room();
  let turn = 0;
  const hear = (heard: (version: string) => void, signal: AbortSignal) => {
    turn++;
    if (turn === 20) ended.abort();
    if (turn === 12) return stream(signal, ['1'], heard, false);
    return Promise.reject(new Error('away'));
  };
  await follow(hear, { first: () => {}, changed: () => {} }, room, ended.signal);
  const [first, second, late, after] = [room.waits[0]!, room.waits[1]!, room.waits[10]!, room.waits[11]!];
  expect(first).toBeLessThanOrEqual(1000);
  expect(second).toBeGreaterThanOrEqual(1000);
  expect(late).toBeGreaterThanOrEqual(30000);
  expect(Math.max(...room.waits)).toBeLessThanOrEqual(60000);
  expect(after).toBeLessThanOrEqual(1000);
});

test('many changes at once are asked for once, and the last is never lost', () => {
  vi.useFakeTimers();
  const ended = new AbortController();
  let runs = 0;
  const ask = throttle(() => runs++, 1000, ended.signal);
  for (let i = 0; i < 10; i++) ask();
  vi.advanceTimersByTime(60);
  expect(runs).toBe(1);
  for (let i = 0; i < 10; i++) ask();
  vi.advanceTimersByTime(500);
  expect(runs).toBe(1);
  vi.advanceTimersByTime(600);
  expect(runs).toBe(2);
  ask();
  ended.abort();
  vi.advanceTimersByTime(5000);
  expect(runs).toBe(2);
  vi.useRealTimers();
});
