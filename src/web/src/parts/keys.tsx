import { Modal, ModalBody, ModalHeader } from '@patternfly/react-core';
import { useEffect, useRef } from 'react';

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

const sheet: [string, string][] = [
  ['/', 'go to the filter line or search'],
  ['?', 'this sheet'],
  ['g t', 'triage'],
  ['g d', 'dashboards'],
  ['g r', 'runs'],
  ['g e', 'results'],
  ['g i', 'imports'],
  ['j k', 'next and previous row'],
  ['Enter', 'open the row'],
  ['Space', 'select the row'],
  [
    'c, then a letter',
    'classify: p product, t test, e environment, d dependency, r request for enhancement, u unknown',
  ],
  ['[ ]', 'previous and next failure of the run'],
  ['Esc', 'leave a field or a dialog'],
];

export function HelpSheet({ open, close }: { open: boolean; close: () => void }) {
  return (
    <Modal variant="small" isOpen={open} onClose={close} aria-label="Keyboard">
      <ModalHeader title="Keyboard" />
      <ModalBody tabIndex={0}>
        <dl className="keys">
          {sheet.map(([k, what]) => (
            <div key={k}>
              <dt>
                <kbd>{k}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </ModalBody>
    </Modal>
  );
}
