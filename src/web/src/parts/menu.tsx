import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { Link } from 'react-router';

export interface Action {
  label: string;
  run?: () => void;
  to?: string;
  danger?: boolean;
  checked?: boolean;
  disabled?: boolean;
}

/** MenuList is what can be done; arrows move in it, Escape and a press elsewhere close it. */
export function MenuList({
  label,
  id,
  actions,
  close,
  at,
}: {
  label: string;
  id?: string;
  actions: (Action | null | false)[];
  close: (back: boolean) => void;
  /** Where on the screen it stands; else below its button. */
  at?: { x: number; y: number };
}) {
  const list = useRef<HTMLUListElement>(null);
  const leave = useRef(close);
  useEffect(() => {
    leave.current = close;
  });
  useEffect(() => {
    const box = list.current!;
    box.querySelector<HTMLElement>('[role^="menuitem"]:not(:disabled)')?.focus();
    const away = (e: PointerEvent) => {
      if (!(box.parentElement ?? box).contains(e.target as Node)) leave.current(false);
    };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, []);
  const keys = (e: KeyboardEvent) => {
    if (e.key === 'Escape' || e.key === 'Tab') {
      e.stopPropagation();
      close(e.key === 'Escape');
      return;
    }
    const items = [...list.current!.querySelectorAll<HTMLElement>('[role^="menuitem"]:not(:disabled)')];
    const i = items.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: i + 1, ArrowUp: i - 1 + items.length, Home: 0, End: items.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    items[to % items.length]?.focus();
  };
  return (
    <ul
      ref={list}
      className={`menu-list plain-list action-list${at ? ' placed' : ''}`}
      style={at && { left: at.x, top: at.y }}
      role="menu"
      id={id}
      aria-label={label}
      onKeyDown={keys}
    >
      {actions
        .filter((a): a is Action => !!a)
        .map((a) => (
          <li key={a.label} role="none">
            {a.to ? (
              <Link role="menuitem" tabIndex={-1} to={a.to} onClick={() => close(false)}>
                {a.label}
              </Link>
            ) : (
              <button
                type="button"
                tabIndex={-1}
                disabled={a.disabled}
                role={a.checked === undefined ? 'menuitem' : 'menuitemcheckbox'}
                aria-checked={a.checked}
                className={a.danger ? 'text-failed' : ''}
                onClick={() => {
                  close(true);
                  a.run?.();
                }}
              >
                {a.label}
              </button>
            )}
          </li>
        ))}
    </ul>
  );
}

/** ActionMenu is a button with a list of what can be done. */
export function ActionMenu({
  label,
  face,
  actions,
  className = '',
}: {
  label: string;
  face: ReactNode;
  actions: (Action | null | false)[];
  className?: string;
}) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = (back: boolean) => {
    setOpen(false);
    if (back) button.current?.focus();
  };
  return (
    <div className={`menu ${className}`}>
      <button
        type="button"
        ref={button}
        className="icon-button"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-label={label}
        title={label}
        onClick={() => setOpen(!open)}
      >
        {face}
      </button>
      {open && <MenuList label={label} id={id} actions={actions} close={close} />}
    </div>
  );
}

const glyphs = {
  more: 'M8 2.2a1.4 1.4 0 1 1 0 2.8 1.4 1.4 0 0 1 0-2.8Zm0 4.4a1.4 1.4 0 1 1 0 2.8 1.4 1.4 0 0 1 0-2.8ZM8 11a1.4 1.4 0 1 1 0 2.8A1.4 1.4 0 0 1 8 11Z',
  renew: 'M13.6 2v4.4H9.2l1.7-1.7A4.3 4.3 0 1 0 12.2 9h1.6A5.9 5.9 0 1 1 12 3.6Z',
  grip: 'M5 2h2v2H5Zm4 0h2v2H9ZM5 7h2v2H5Zm4 0h2v2H9Zm-4 5h2v2H5Zm4 0h2v2H9Z',
  corner: 'M13 5v8H5l1.6-1.6h4.8V6.6Z',
} as const;

export const Glyph = ({ of }: { of: keyof typeof glyphs }) => (
  <svg viewBox="0 0 16 16" width="15" height="15" aria-hidden="true">
    <path fill="currentColor" d={glyphs[of]} />
  </svg>
);
