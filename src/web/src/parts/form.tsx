import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { APIError } from '../lib/api';

export const says = (e: unknown): string =>
  e instanceof APIError ? e.message + (e.request ? ` (request ${e.request})` : '') : String(e);

/** Dialog asks for something and stays open, with what the server says, until it is done. */
export function Dialog({
  title,
  act,
  danger,
  close,
  run,
  ready = true,
  children,
}: {
  title: string;
  act: string;
  danger?: boolean;
  close: () => void;
  run: () => Promise<void>;
  ready?: boolean;
  children: ReactNode;
}) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    if (!ready || busy) return;
    setBusy(true);
    try {
      await run();
      close();
    } catch (x) {
      setError(says(x));
      setBusy(false);
    }
  };
  return (
    <Modal variant="small" isOpen onClose={close} aria-label={title}>
      <ModalHeader title={title} />
      <ModalBody tabIndex={0}>
        <form id="dialog" onSubmit={(e) => void submit(e)}>
          {error && (
            <p className="text-failed" role="alert">
              {error}
            </p>
          )}
          {children}
        </form>
      </ModalBody>
      <ModalFooter>
        <Button
          type="submit"
          form="dialog"
          variant={danger ? 'danger' : 'primary'}
          isLoading={busy}
          isDisabled={!ready || busy}
        >
          {act}
        </Button>
        <Button variant="link" onClick={close}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}

/** Delete asks for the name of what goes, since it does not come back. */
export function Delete({
  what,
  name,
  close,
  run,
  children,
}: {
  what: string;
  name: string;
  close: () => void;
  run: () => Promise<void>;
  children: ReactNode;
}) {
  const [typed, setTyped] = useState('');
  return (
    <Dialog
      title={`Delete ${what} ${name}?`}
      act={`Delete ${what}`}
      danger
      close={close}
      run={run}
      ready={typed.trim() === name}
    >
      <p>{children}</p>
      <label className="form-field">
        Type {name} to go on
        <input className="field" value={typed} autoComplete="off" onChange={(e) => setTyped(e.target.value)} />
      </label>
    </Dialog>
  );
}

export function Input({
  label,
  value,
  change,
  type = 'text',
  required = false,
  hint,
  ...more
}: {
  label: string;
  value: string;
  change: (v: string) => void;
  type?: string;
  required?: boolean;
  hint?: string;
  autoComplete?: string;
  minLength?: number;
}) {
  return (
    <label className="form-field">
      {label}
      <input
        className="field"
        type={type}
        value={value}
        required={required}
        onChange={(e) => change(e.target.value)}
        {...more}
      />
      {hint && <span className="quiet hint">{hint}</span>}
    </label>
  );
}

export function Check({ label, on, change }: { label: string; on: boolean; change: (on: boolean) => void }) {
  return (
    <label className="check">
      <input type="checkbox" checked={on} onChange={(e) => change(e.target.checked)} /> {label}
    </label>
  );
}

export function Pages({
  page,
  total,
  size,
  go,
}: {
  page: number;
  total: number;
  size: number;
  go: (page: number) => void;
}) {
  const last = Math.max(1, Math.ceil(total / size));
  if (last === 1) return null;
  return (
    <nav className="facts" aria-label="Pages of the list">
      <Button variant="secondary" size="sm" isDisabled={page <= 1} onClick={() => go(page - 1)}>
        Before
      </Button>
      <span>
        Page {page} of {last}
      </span>
      <Button variant="secondary" size="sm" isDisabled={page >= last} onClick={() => go(page + 1)}>
        Next
      </Button>
    </nav>
  );
}
