import { startTransition, useEffect, useState } from 'react';

// Safari has none.
const whenIdle = (run: () => void): (() => void) => {
  if (!('requestIdleCallback' in globalThis)) {
    const timer = setTimeout(run, 50);
    return () => clearTimeout(timer);
  }
  const due = requestIdleCallback(run, { timeout: 500 });
  return () => cancelIdleCallback(due);
};

/** useLater becomes true when what is there has been drawn and the browser has time: for what is out of sight at first. */
export function useLater(there: boolean): boolean {
  const [later, setLater] = useState(false);
  useEffect(() => (there ? whenIdle(() => startTransition(() => setLater(true))) : undefined), [there]);
  return later;
}
