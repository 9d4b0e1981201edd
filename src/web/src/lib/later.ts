import { startTransition, useEffect, useState } from 'react';

/** calm is how long the first look at a page is left alone, in ms. */
const calm = 250;

/** whenCalm runs what is not for the first look, once the browser has time. What it returns takes that back. */
export const whenCalm = (run: () => void): (() => void) => {
  let idle = 0;
  const timer = setTimeout(() => {
    // Safari has none.
    if ('requestIdleCallback' in globalThis) idle = requestIdleCallback(run, { timeout: 500 });
    else run();
  }, calm);
  return () => {
    clearTimeout(timer);
    if (idle) cancelIdleCallback(idle);
  };
};

/** useLater becomes true when what is there has been drawn and the browser has time: for what is out of sight at first. */
export function useLater(there: boolean): boolean {
  const [later, setLater] = useState(false);
  useEffect(() => (there ? whenCalm(() => startTransition(() => setLater(true))) : undefined), [there]);
  return later;
}
