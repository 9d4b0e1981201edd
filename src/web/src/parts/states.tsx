import {
  Alert,
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  Skeleton,
} from '@patternfly/react-core';
import { useEffect, useState, useSyncExternalStore, type ReactNode } from 'react';
import { APIError } from '../lib/api';
import { ago, exact } from '../lib/format';

/** Each minute, what is so many minutes ago is drawn anew. */
const waiting = new Set<() => void>();
let minute = 0;
setInterval(() => {
  minute++;
  for (const draw of waiting) draw();
}, 60000);
const eachMinute = (draw: () => void) => {
  waiting.add(draw);
  return () => void waiting.delete(draw);
};

export function Time({ at }: { at: string | null | undefined }) {
  useSyncExternalStore(eachMinute, () => minute);
  return (
    <time dateTime={at ?? undefined} title={exact(at)}>
      {ago(at)}
    </time>
  );
}

export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} | Ibutsu`;
  }, [title]);
}

export function Failed({ error, retry, what }: { error: unknown; retry?: () => void; what: string }) {
  const known = error instanceof APIError ? error : null;
  return (
    <Alert
      variant="danger"
      isInline
      title={`${what} could not be loaded`}
      actionLinks={
        retry && (
          <Button variant="link" isInline onClick={retry}>
            Try again
          </Button>
        )
      }
    >
      {known?.message ?? String(error)}
      {known?.request && <div className="quiet">Request {known.request}. Trying again is safe.</div>}
    </Alert>
  );
}

export function Empty({ title, children, actions }: { title: string; children?: ReactNode; actions?: ReactNode }) {
  return (
    <EmptyState titleText={title} headingLevel="h2" variant="sm">
      {children && <EmptyStateBody>{children}</EmptyStateBody>}
      {actions && (
        <EmptyStateFooter>
          <EmptyStateActions>{actions}</EmptyStateActions>
        </EmptyStateFooter>
      )}
    </EmptyState>
  );
}

export function Lines({ n = 8 }: { n?: number }) {
  return (
    <div className="skeletons" aria-busy="true" aria-label="Loading">
      {Array.from({ length: n }, (_, i) => (
        <Skeleton key={i} height="2.2rem" screenreaderText="" />
      ))}
    </div>
  );
}

export function Copy({ text, label }: { text: string; label: string }) {
  const [done, setDone] = useState(false);
  return (
    <Button
      variant="plain"
      size="sm"
      className="copy"
      aria-label={done ? 'Copied' : label}
      title={done ? 'Copied' : label}
      onClick={() => {
        void navigator.clipboard?.writeText(text).then(() => {
          setDone(true);
          setTimeout(() => setDone(false), 1500);
        });
      }}
    >
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path
          fill="currentColor"
          d={
            done
              ? 'm6.5 12.5-4-4 1.2-1.2 2.8 2.8 5.8-6L13.5 5.4Z'
              : 'M5 1h9v10h-3v4H2V5h3Zm1.5 1.5V5H11v4.5h1.5v-7ZM3.5 6.5v7h6v-7Z'
          }
        />
      </svg>
    </Button>
  );
}

/** Busy is the thin bar above content that is being renewed. */
export const Busy = ({ on }: { on: boolean }) => (
  <div className={`busy${on ? ' on' : ''}`} role="progressbar" aria-label="Loading" aria-hidden={!on} />
);
