import { useQueries, useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import { api, type Import } from '../lib/api';
import { ended, faultOf, progressOf, readable, runsOf, upload } from '../lib/upload';
import { says } from '../parts/form';
import { Reading } from '../parts/reading';
import { HeadGlyph } from './glyph';

interface Upload {
  key: number;
  name: string;
  project: string;
  sent: number;
  import?: string;
  error?: string;
}

const Context = createContext<(files: Iterable<File>) => void>(() => {});

/** useImporting gives a function that imports files into the project, wherever on the page they come from. */
export const useImporting = () => useContext(Context);

/** Importing takes files that are dropped anywhere, and shows in a corner how far each is. */
export function Importing({ project, children }: { project: string; children: ReactNode }) {
  const client = useQueryClient();
  const [uploads, setUploads] = useState<Upload[]>([]);
  const next = useRef(0);
  const change = useCallback(
    (key: number, to: Partial<Upload>) => setUploads((all) => all.map((u) => (u.key === key ? { ...u, ...to } : u))),
    [],
  );
  const send = useCallback(
    async (files: Iterable<File>) => {
      if (!project) return;
      const queue = [...files].map((file) => ({ file, key: next.current++ }));
      setUploads((all) => [...queue.map(({ file, key }) => ({ key, name: file.name, project, sent: 0 })), ...all]);
      for (const { file, key } of queue) {
        try {
          const made = await upload(project, file, (sent) => change(key, { sent }));
          change(key, { sent: 1, import: made.id! });
        } catch (e) {
          change(key, { error: says(e) });
        }
        void client.invalidateQueries({ queryKey: ['imports'] });
      }
    },
    [project, client, change],
  );
  const close = useCallback((key: number) => setUploads((all) => all.filter((u) => u.key !== key)), []);
  return (
    <Context.Provider value={useMemo(() => (files) => void send(files), [send])}>
      {children}
      {project && <DropAnywhere drop={(files) => void send(files)} />}
      <Uploads uploads={uploads} close={close} />
    </Context.Provider>
  );
}

/** ImportButton picks files. */
export function ImportButton({ className = '' }: { className?: string }) {
  const send = useImporting();
  const file = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={file}
        type="file"
        multiple
        hidden
        aria-label="Files to import"
        accept={readable}
        onChange={(e) => {
          send(e.target.files ?? []);
          e.target.value = '';
        }}
      />
      <button
        type="button"
        className={`menu-button ${className}`}
        title="Import JUnit XML or an archive; files can be dropped anywhere, too"
        onClick={() => file.current?.click()}
      >
        <HeadGlyph of="upload" /> Import
      </button>
    </>
  );
}

function DropAnywhere({ drop }: { drop: (files: FileList) => void }) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const carries = (e: DragEvent) => e.dataTransfer?.types.includes('Files') ?? false;
    const move = (e: DragEvent) => {
      if (!carries(e)) return;
      e.preventDefault();
      setOver(true);
    };
    const leave = (e: DragEvent) => {
      if (!e.relatedTarget) setOver(false); // out of the window
    };
    const put = (e: DragEvent) => {
      setOver(false);
      // What lies below may have taken them.
      if (!carries(e) || e.defaultPrevented) return;
      e.preventDefault();
      drop(e.dataTransfer!.files);
    };
    window.addEventListener('dragover', move);
    window.addEventListener('dragleave', leave);
    window.addEventListener('drop', put);
    return () => {
      window.removeEventListener('dragover', move);
      window.removeEventListener('dragleave', leave);
      window.removeEventListener('drop', put);
    };
  }, [drop]);
  return over ? (
    <div className="drop-anywhere" aria-hidden="true">
      <p>Drop to import into this project</p>
    </div>
  ) : null;
}

function Uploads({ uploads, close }: { uploads: Upload[]; close: (key: number) => void }) {
  const client = useQueryClient();
  const imports = useQueries({
    queries: uploads.map((u) => ({
      queryKey: ['upload', u.import],
      queryFn: ({ signal }: { signal: AbortSignal }) => api.get<Import>(`/import/${u.import}`, {}, signal),
      enabled: !!u.import,
      refetchInterval: (q: { state: { data: Import | undefined; dataUpdateCount: number } }) =>
        q.state.data && ended(q.state.data) ? false : Math.min(500 * 1.3 ** q.state.dataUpdateCount, 5000),
    })),
  });
  const over = imports.filter((i) => i.data && ended(i.data)).length;
  useEffect(() => {
    if (over) void client.invalidateQueries({ queryKey: ['imports'] });
  }, [over, client]);
  if (uploads.length === 0) return null;
  return (
    <section className="uploads" aria-label="Imports of this window" aria-live="polite">
      <ul className="plain-list">
        {uploads.map((u, i) => (
          <li key={u.key}>
            <span className="clip" title={u.name}>
              {u.name}
            </span>
            <State upload={u} found={imports[i]?.data} />
            <button type="button" className="icon-button" aria-label={`Close ${u.name}`} onClick={() => close(u.key)}>
              <HeadGlyph of="close" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function State({ upload: u, found }: { upload: Upload; found: Import | undefined }) {
  if (u.error) return <span className="text-failed">✕ not imported: {u.error}</span>;
  if (!u.import)
    return (
      <span>
        <progress value={u.sent} aria-label={`${u.name} is being sent`} /> {Math.round(u.sent * 100)} %
      </span>
    );
  if (found?.status === 'running') return <Reading name={u.name} progress={progressOf(found)} />;
  if (!found || !ended(found)) return <span className="quiet">… waits for a worker</span>;
  if (found.status === 'error') return <span className="text-failed">✕ failed: {faultOf(found)}</span>;
  const runs = runsOf(found);
  return (
    <span className="text-passed">
      ✓ done{' '}
      {runs.slice(0, 3).map((r, i) => (
        <Link key={r} to={`/project/${u.project}/runs/${r}`}>
          {runs.length === 1 ? 'Go to the run' : `Run ${i + 1} `}
        </Link>
      ))}
      {runs.length > 3 && <Link to={`/project/${u.project}/imports`}>and {runs.length - 3} more</Link>}
    </span>
  );
}
