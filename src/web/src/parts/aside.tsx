import { Button } from '@patternfly/react-core';
import { useEffect, useRef, type ReactNode } from 'react';

/** Aside is a panel beside the page, over it where the screen is narrow. Escape closes it. */
export function Aside({
  label,
  close,
  tools,
  children,
}: {
  label: string;
  close: () => void;
  tools?: ReactNode;
  children: ReactNode;
}) {
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    box.current?.focus({ preventScroll: true });
    const press = (e: KeyboardEvent) => {
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test((e.target as HTMLElement).tagName);
      if (e.key === 'Escape' && !typing && !e.defaultPrevented) close();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [close]);
  return (
    <aside className="aside" aria-label={label} ref={box} tabIndex={-1}>
      <div className="aside-tools">
        {tools}
        <span className="spring" />
        <Button variant="plain" size="sm" aria-label="Close" title="Close (Esc)" onClick={close}>
          ✕
        </Button>
      </div>
      {children}
    </aside>
  );
}
