import { Button } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../lib/api';
import { together } from '../lib/together';
import { meta } from '../lib/runs';
import { useKeys } from './keys';
import { useToast } from './toast';

export const classes: [string, string, string][] = [
  ['p', 'product_failure', 'Product'],
  ['t', 'test_failure', 'Test'],
  ['e', 'environment_failure', 'Environment'],
  ['d', 'dependency_outage', 'Dependency'],
  ['r', 'product_rfe', 'Enhancement'],
  ['u', 'unknown', 'Unknown'],
];

export const classWord = (value: string): string => classes.find(([, v]) => v === value)?.[2] ?? value;

/** What somebody decides about results, kept in their metadata. */
export type Decision = 'classification' | 'assignee' | 'note';

/** A result as far as decisions go: from the list of results, or from an answer about failures. */
export interface Judged {
  id?: string;
  metadata?: Record<string, unknown>;
  classification?: string | null;
  assignee?: string | null;
  note?: string | null;
}

export const decided = (r: Judged, what: Decision): string => r[what] ?? meta(r, what);

const said: Record<Decision, (value: string) => string> = {
  classification: (v) => (v ? `classified as ${classWord(v).toLowerCase()}` : 'no longer classified'),
  assignee: (v) => (v ? `assigned to ${v}` : 'no longer assigned'),
  note: (v) => (v ? 'noted' : 'no longer noted'),
};

/** renewed is what the page has in its hands, with what was decided. */
function renewed(data: unknown, what: Decision, fresh: Map<string, string>): unknown {
  if (Array.isArray(data)) return data.map((d: unknown) => renewed(d, what, fresh));
  if (!data || typeof data !== 'object') return data;
  const row = data as Judged & { results?: unknown; groups?: unknown };
  if (row.results) return { ...row, results: renewed(row.results, what, fresh) };
  if (row.groups) return { ...row, groups: renewed(row.groups, what, fresh) };
  const value = fresh.get(row.id ?? '');
  if (value === undefined) return data;
  return what in row
    ? { ...row, [what]: value || null }
    : { ...row, metadata: { ...row.metadata, [what]: value || undefined } };
}

/** useDecide gives a function that decides something about results, tells how it went and offers to take it back. */
export function useDecide() {
  const client = useQueryClient();
  const toast = useToast();
  const [progress, setProgress] = useState<{ done: number; of: number } | null>(null);
  const apply = async (what: Decision, changes: { id: string; value: string }[]) => {
    const failed: string[] = [];
    const before: { id: string; value: string }[] = [];
    let done = 0;
    setProgress({ done, of: changes.length });
    for (const { value, ids } of together(changes)) {
      // Nothing, where there was no value before, takes it off again.
      try {
        const answer = await api.put<Updated>('/result', { ids, metadata: { [what]: value || null } });
        for (const r of answer.results) {
          const old = r.before[what];
          before.push({ id: r.id, value: typeof old === 'string' ? old : '' });
        }
      } catch {
        failed.push(...ids);
      }
      setProgress({ done: (done += ids.length), of: changes.length });
    }
    setProgress(null);
    const fresh = new Map(changes.filter((c) => !failed.includes(c.id)).map((c) => [c.id, c.value]));
    for (const [key, data] of client.getQueriesData<unknown>({
      predicate: (q) => ['results', 'result', 'failures'].includes(String(q.queryKey[0])),
    }))
      client.setQueryData(key, renewed(data, what, fresh));
    return { failed, before };
  };
  const decide = async (what: Decision, results: Judged[], value: string) => {
    if (!results.length) return;
    const { failed, before } = await apply(
      what,
      results.map((r) => ({ id: r.id!, value })),
    );
    const ok = results.length - failed.length;
    const undo = async () => {
      const back = await apply(what, before);
      const lost = back.failed.length;
      toast(lost ? `${lost} could not be taken back` : 'Taken back', { kind: lost ? 'danger' : 'info' });
    };
    if (ok)
      toast(`${ok === 1 ? 'One result' : `${ok} results`} ${said[what](value)}`, {
        action: { label: 'Undo', run: () => void undo() },
      });
    if (failed.length)
      toast(`${failed.length} could not be changed`, {
        kind: 'danger',
        body: 'Nothing was changed in these; trying again is safe.',
      });
  };
  return { decide, progress };
}

interface Updated {
  results: { id: string; before: Record<string, unknown> }[];
}

/** ClassifyBar offers the classes for some results: by click, and by c and a letter. */
export function ClassifyBar({ results, label, clear }: { results: Judged[]; label: string; clear?: () => void }) {
  const { decide, progress } = useDecide();
  useKeys(
    Object.fromEntries(
      classes.map(([key, value]) => [
        `c ${key}`,
        () => {
          void decide('classification', results, value);
        },
      ]),
    ),
  );
  const now = results.length === 1 ? decided(results[0]!, 'classification') : '';
  return (
    <div className="classify" role="toolbar" aria-label="Classify">
      <span>{progress ? `${progress.done} of ${progress.of}…` : label}</span>
      {classes.map(([key, value, word]) => (
        <Button
          key={value}
          size="sm"
          variant={now === value ? 'primary' : 'secondary'}
          aria-pressed={now === value}
          isDisabled={!!progress || !results.length}
          title={`c ${key}`}
          onClick={() => {
            void decide('classification', results, value);
          }}
        >
          {word}
        </Button>
      ))}
      {clear && (
        <Button size="sm" variant="link" onClick={clear}>
          Clear selection
        </Button>
      )}
    </div>
  );
}
