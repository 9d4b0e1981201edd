import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { api, type Run, type RunPin } from '../lib/api';
import { useUser } from '../lib/here';
import { titleOf } from '../lib/runs';
import { me, useMembers } from './assign';
import { Delete, says } from './form';
import { ActionMenu, Glyph } from './menu';
import { useToast } from './toast';

/** useOwner says whether who is signed in may delete what a project has. */
function useOwner(project: string): boolean {
  const user = useUser();
  const members = useMembers(project);
  return !!user.data?.is_superadmin || members.some((m) => m.email === me() && m.role === 'owner');
}

function save(blob: Blob, name: string) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

const formats = [
  ['junit', 'JUnit XML', 'xml'],
  ['csv', 'CSV', 'csv'],
  ['json', 'JSON', 'json'],
] as const;

/** RunActions is what can be done with a run: take it away, keep it for ever, delete it. */
export function RunActions({ run, project, base }: { run: Run; project: string; base: string }) {
  const toast = useToast();
  const go = useNavigate();
  const client = useQueryClient();
  const owner = useOwner(project);
  const [deleting, setDeleting] = useState(false);
  const id = run.id!;
  const title = titleOf(run);
  const attempt = async (what: string, act: () => Promise<void>) => {
    try {
      await act();
    } catch (e) {
      toast(`${what} did not work`, { kind: 'danger', body: says(e) });
    }
  };
  const take = (format: string, ending: string) =>
    attempt('The export', async () => {
      toast('The export begins', { kind: 'info' });
      save(await api.blob(`/run/${id}/export?format=${format}`), `run-${id}.${ending}`);
    });
  const pinned = useQuery({
    queryKey: ['pin', id],
    queryFn: ({ signal }) => api.get<RunPin>(`/run/${id}/pin`, {}, signal),
  });
  const unpin = () =>
    attempt('Unpinning', async () => {
      await api.remove(`/run/${id}/pin`);
      await pinned.refetch();
      toast('The run goes when the retention rules say so');
    });
  const pin = () =>
    attempt('Pinning', async () => {
      await api.put(`/run/${id}/pin`, {});
      await pinned.refetch();
      toast('The run is kept, whatever the retention rules say', {
        action: { label: 'Undo', run: () => void unpin() },
      });
    });
  return (
    <>
      <ActionMenu
        label="What to do with this run"
        face={<Glyph of="more" />}
        className="end"
        actions={[
          ...formats.map(([format, word, ending]) => ({
            label: `Export as ${word}`,
            run: () => void take(format, ending),
          })),
          pinned.data?.pinned
            ? { label: 'Unpin: it goes with the others', run: () => void unpin() }
            : { label: 'Pin: keep it for ever', run: () => void pin() },
          owner && { label: 'Delete…', danger: true, run: () => setDeleting(true) },
        ]}
      />
      {deleting && (
        <Delete
          what="run"
          name={title}
          close={() => setDeleting(false)}
          run={async () => {
            await api.post(`/run/${id}/deletion`, undefined);
            setDeleting(false);
            await client.invalidateQueries({ queryKey: ['runs'] });
            toast('The run is deleted');
            void go(`${base}/runs`, { replace: true });
          }}
        >
          Its results and artifacts go with it. This cannot be taken back.
        </Delete>
      )}
    </>
  );
}
