import { expect, it } from 'vitest';
import { entries } from './zip';

// Made by hand: one entry without compression, and its directory.
function zip(name: string, content: string): Uint8Array {
  const [n, c] = [new TextEncoder().encode(name), new TextEncoder().encode(content)];
  const central = 30 + n.length + c.length;
  const end = central + 46 + n.length;
  const bytes = new Uint8Array(end + 22);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x04034b50, true);
  bytes.set(n, 30);
  bytes.set(c, 30 + n.length);
  view.setUint32(central, 0x02014b50, true);
  view.setUint32(central + 24, c.length, true);
  view.setUint16(central + 28, n.length, true);
  bytes.set(n, central + 46);
  view.setUint32(end, 0x06054b50, true);
  view.setUint16(end + 10, 1, true);
  view.setUint32(end + 16, central, true);
  return bytes;
}

it('lists what is in a ZIP', () => {
  expect(entries(zip('trace/log.txt', 'hello'))).toEqual([{ name: 'trace/log.txt', size: 5 }]);
  expect(entries(new Uint8Array([1, 2, 3]))).toBeNull();
  expect(entries(new Uint8Array(100))).toBeNull();
  const cut = zip('a', 'b');
  expect(entries(cut.subarray(40))).toBeNull();
});
