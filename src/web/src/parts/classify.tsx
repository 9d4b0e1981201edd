import { Button } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type Result } from '../lib/api';
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

/** useClassify gives a function that classifies results, tells how it went and offers to take it back. */
export function useClassify() {
  const client = useQueryClient();
  const toast = useToast();
  const [progress, setProgress] = useState<{ done: number; of: number } | null>(null);
  const apply = async (changes: { id: string; value: string }[]) => {
    const failed: string[] = [];
    let done = 0;
    setProgress({ done, of: changes.length });
    for (const { value, ids } of together(changes)) {
      // Nothing, where there was no class before, takes it off again.
      try {
        await api.put('/result', { ids, metadata: { classification: value || null } });
      } catch {
        failed.push(...ids);
      }
      setProgress({ done: (done += ids.length), of: changes.length });
    }
    setProgress(null);
    const fresh = new Map(changes.filter((c) => !failed.includes(c.id)).map((c) => [c.id, c.value]));
    const renew = (r: Result): Result =>
      fresh.has(r.id!) ? { ...r, metadata: { ...r.metadata, classification: fresh.get(r.id!) } } : r;
    for (const [key, data] of client.getQueriesData<unknown>({
      predicate: (q) => q.queryKey[0] === 'results' || q.queryKey[0] === 'result',
    })) {
      if (Array.isArray(data))
        client.setQueryData(
          key,
          data.map((r) => renew(r as Result)),
        );
      else if (data && typeof data === 'object' && 'results' in data)
        client.setQueryData(key, { ...data, results: (data.results as Result[]).map(renew) });
      else if (data && typeof data === 'object' && 'test_id' in data) client.setQueryData(key, renew(data as Result));
    }
    return failed;
  };
  const classify = async (results: Result[], value: string) => {
    if (!results.length) return;
    const before = results.map((r) => ({ id: r.id!, value: meta(r, 'classification') }));
    const failed = await apply(results.map((r) => ({ id: r.id!, value })));
    const ok = results.length - failed.length;
    if (ok) {
      toast(`${ok === 1 ? 'One result' : `${ok} results`} classified as ${classWord(value).toLowerCase()}`, {
        action: {
          label: 'Undo',
          run: () => {
            void apply(before.filter((b) => !failed.includes(b.id))).then((f) =>
              toast(f.length ? `${f.length} could not be taken back` : 'Taken back', {
                kind: f.length ? 'danger' : 'info',
              }),
            );
          },
        },
      });
    }
    if (failed.length)
      toast(`${failed.length} could not be classified`, {
        kind: 'danger',
        body: 'Nothing was changed in these; trying again is safe.',
      });
  };
  return { classify, progress };
}

/** ClassifyBar offers the classes for some results: by click, and by c and a letter. */
export function ClassifyBar({ results, label, clear }: { results: Result[]; label: string; clear?: () => void }) {
  const { classify, progress } = useClassify();
  useKeys(
    Object.fromEntries(
      classes.map(([key, value]) => [
        `c ${key}`,
        () => {
          void classify(results, value);
        },
      ]),
    ),
  );
  const now = results.length === 1 ? meta(results[0]!, 'classification') : '';
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
            void classify(results, value);
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
