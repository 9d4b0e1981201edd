/** A list of rows of one height, in pixels, of which a window is seen. */
export interface Sizes {
  total: number;
  height: number;
  view: number;
}

// What browsers draw at most is between 17 and 33 million pixels tall. A list that would be taller moves by more than a pixel
// for each that is scrolled.
const tallest = 15e6;

/** overscan is how many rows above and below the window are drawn, so that a turn of the wheel shows no gap. */
const overscan = 6;

const boxOf = (s: Sizes) => Math.min(s.total * s.height, tallest);

/** offset is which pixel of the list is at the top of the window when its box is scrolled to top. */
function offset(s: Sizes, top: number): number {
  const box = boxOf(s);
  if (box <= s.view) return 0;
  return (Math.min(Math.max(top, 0), box - s.view) * (s.total * s.height - s.view)) / (box - s.view);
}

/** shown says which rows to draw, from and to included, at how many pixels in the box the first one stands, and how tall the box is. */
export function shown(s: Sizes, top: number): { from: number; to: number; first: number; box: number } {
  const at = offset(s, top);
  const from = Math.max(0, Math.floor(at / s.height) - overscan);
  const to = Math.min(s.total - 1, Math.ceil((at + s.view) / s.height) - 1 + overscan);
  return { from, to, first: from * s.height + (boxOf(s) <= s.view ? 0 : top - at), box: boxOf(s) };
}

/** placed is where to scroll so that a row is in the window, which moves no more than it must. */
export function placed(s: Sizes, top: number, index: number): number {
  const at = offset(s, top);
  const box = boxOf(s);
  const row = index * s.height;
  const wanted = row < at ? row : row + s.height > at + s.view ? row + s.height - s.view : at;
  if (wanted === at || box <= s.view) return top;
  return (wanted * (box - s.view)) / (s.total * s.height - s.view);
}
