import { useRef, useState, type ReactNode } from 'react';
import { useAway } from '../parts/away';

/** Popup is a button with something below it, which Escape or a click elsewhere closes. */
export function Popup({
  name,
  face,
  className = '',
  children,
}: {
  name: string;
  face: ReactNode;
  className?: string;
  children: (close: () => void) => ReactNode;
}) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useAway(box, open, setOpen);
  return (
    <div
      className={`menu ${className}`}
      ref={box}
      onKeyDown={(e) => {
        if (e.key !== 'Escape' || !open) return;
        e.stopPropagation();
        setOpen(false);
        button.current?.focus();
      }}
      onBlur={(e) => {
        if (e.relatedTarget && !box.current?.contains(e.relatedTarget)) setOpen(false);
      }}
    >
      <button ref={button} type="button" className="menu-button" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className="sr">{name}: </span>
        {face}
      </button>
      {open && <div className="menu-list">{children(() => setOpen(false))}</div>}
    </div>
  );
}
