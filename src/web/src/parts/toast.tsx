import { Alert, AlertActionCloseButton, AlertActionLink, AlertGroup } from '@patternfly/react-core';
import { createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from 'react';

interface Toast {
  id: number;
  title: string;
  kind: 'success' | 'danger' | 'info';
  action?: { label: string; run: () => void } | undefined;
  body?: ReactNode;
}
type Show = (title: string, more?: Partial<Omit<Toast, 'id' | 'title'>>) => void;

const Context = createContext<Show>(() => {});
export const useToast = () => useContext(Context);

export function Toasts({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const next = useRef(0);
  const close = useCallback((id: number) => setToasts((all) => all.filter((t) => t.id !== id)), []);
  const show = useCallback<Show>(
    (title, more = {}) => {
      const id = next.current++;
      setToasts((all) => [...all.slice(-3), { id, title, kind: 'success', ...more }]);
      if (more.kind !== 'danger') setTimeout(() => close(id), 10000);
    },
    [close],
  );
  return (
    <Context.Provider value={useMemo(() => show, [show])}>
      {children}
      <AlertGroup isToast isLiveRegion>
        {toasts.map((t) => (
          <Alert
            key={t.id}
            variant={t.kind}
            title={t.title}
            actionClose={<AlertActionCloseButton onClose={() => close(t.id)} />}
            actionLinks={
              t.action && (
                <AlertActionLink
                  onClick={() => {
                    close(t.id);
                    t.action!.run();
                  }}
                >
                  {t.action.label}
                </AlertActionLink>
              )
            }
          >
            {t.body}
          </Alert>
        ))}
      </AlertGroup>
    </Context.Provider>
  );
}
