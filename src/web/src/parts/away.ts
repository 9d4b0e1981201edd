import { useEffect, type RefObject } from 'react';

/** useAway closes what is open below a button when somebody presses elsewhere. */
export function useAway(box: RefObject<HTMLElement | null>, open: boolean, setOpen: (open: boolean) => void): void {
  useEffect(() => {
    if (!open) return;
    const away = (e: PointerEvent) => {
      if (!box.current?.contains(e.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, [box, open, setOpen]);
}
