import { Modal, ModalBody, ModalHeader } from '@patternfly/react-core';
import { useEffect, useRef, type RefObject } from 'react';

const typing = (e: KeyboardEvent) => {
  const t = e.target as HTMLElement;
  return (
    t.isContentEditable ||
    t.closest('[role="dialog"]') !== null ||
    (/^(INPUT|TEXTAREA|SELECT)$/.test(t.tagName) && (t as HTMLInputElement).type !== 'checkbox')
  );
};

/** useKeys runs what a key or two keys one after the other stand for, unless somebody types. */
export function useKeys(keys: Record<string, (e: KeyboardEvent) => void>) {
  const current = useRef(keys);
  useEffect(() => {
    current.current = keys;
  });
  useEffect(() => {
    let first = '';
    let at = 0;
    const press = (e: KeyboardEvent) => {
      if (e.ctrlKey || e.metaKey || e.altKey || typing(e) || e.defaultPrevented) return;
      const pair = Date.now() - at < 1000 ? first + ' ' + e.key : '';
      const run =
        (pair && current.current[pair]) ||
        (pair.startsWith('g ') || pair.startsWith('c ') ? undefined : current.current[e.key]);
      first = e.key;
      at = Date.now();
      if (run) {
        e.preventDefault();
        run(e);
        if (pair && current.current[pair]) first = '';
      }
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
}

/** useStops lets j and k go along what can be opened in a list that is drawn whole; Enter opens it, as everywhere. */
export function useStops(list: RefObject<HTMLElement | null>, stops: string) {
  const go = (by: number) => {
    const all = [...(list.current?.querySelectorAll<HTMLElement>(stops) ?? [])];
    const focused = all.indexOf(document.activeElement as HTMLElement);
    const at = focused >= 0 ? focused : all.findIndex((e) => e.getAttribute('aria-pressed') === 'true');
    all[Math.max(0, Math.min(all.length - 1, at + by))]?.focus();
  };
  useKeys({ j: () => go(1), k: () => go(-1) });
}

const sheet: [string, [string, string][]][] = [
  [
    'Everywhere',
    [
      ['/', 'search runs, tests, tracebacks, pages'],
      ['?', 'this sheet'],
      ['Esc', 'leave a field, a menu, a selection'],
    ],
  ],
  [
    'Go to',
    [
      ['g t', 'triage'],
      ['g d', 'dashboards'],
      ['g r', 'runs'],
      ['g e', 'results'],
      ['g s', 'tests'],
      ['g i', 'imports'],
      ['g p', 'projects'],
      ['g a', 'administration'],
    ],
  ],
  [
    'In a list',
    [
      ['f', 'filter'],
      ['j k', 'next and previous row'],
      ['Enter', 'open the row'],
      ['Space', 'select the row'],
      ['.', 'actions of the row'],
    ],
  ],
  [
    'Failures',
    [
      ['[ ]', 'previous and next failure'],
      ['x', 'open and close a group of failures'],
      ['a', 'assign'],
      ['c p', 'classify: product'],
      ['c t', 'classify: test'],
      ['c e', 'classify: environment'],
      ['c d', 'classify: dependency'],
      ['c r', 'classify: request for enhancement'],
      ['c u', 'classify: unknown'],
    ],
  ],
];

export function HelpSheet({ open, close }: { open: boolean; close: () => void }) {
  return (
    <Modal variant="medium" isOpen={open} onClose={close} aria-label="Keyboard">
      <ModalHeader title="Keyboard" />
      <ModalBody tabIndex={0}>
        <div className="sheet">
          {sheet.map(([group, keys]) => (
            <section key={group}>
              <h2>{group}</h2>
              <dl className="keys">
                {keys.map(([k, what]) => (
                  <div key={k}>
                    <dt>
                      {k.split(' ').map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </dt>
                    <dd>{what}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
      </ModalBody>
    </Modal>
  );
}
