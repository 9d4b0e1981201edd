import '@patternfly/react-core/dist/styles/base.css';
import './style.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import { App, begin } from './app';
import { APIError } from './lib/api';
import { base } from './lib/base';
import { Toasts } from './parts/toast';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15000,
      refetchOnWindowFocus: true,
      retry: (n, e) => n < 2 && (!(e instanceof APIError) || e.status === 0 || e.status >= 502),
    },
  },
});

// Not amid this file: what watches requests reads the whole of it again to say from which line of it each was sent.
queueMicrotask(() =>
  begin(client).then(() =>
    createRoot(document.getElementById('root')!).render(
      <QueryClientProvider client={client}>
        <BrowserRouter basename={base}>
          <Toasts>
            <App />
          </Toasts>
        </BrowserRouter>
      </QueryClientProvider>,
    ),
  ),
);
