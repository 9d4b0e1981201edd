import { useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { useNavigate } from 'react-router';
import type { Dashboard, WidgetConfig } from '../lib/api';
import { fromFile, toFile } from '../lib/board';
import { makeBoard } from '../lib/boards';
import type { Layout } from '../lib/grid';
import { useToast } from '../parts/toast';
import { knownKind } from '../widgets/kinds';

/** useImport reads an exported dashboard from a file. */
export function useImport(project: string) {
  const input = useRef<HTMLInputElement>(null);
  const client = useQueryClient();
  const toast = useToast();
  const go = useNavigate();
  const read = async (file: File | undefined) => {
    if (!file) return;
    try {
      if (file.size > 1 << 20) throw new Error('It is larger than 1 MiB.');
      const board = await makeBoard(project, fromFile(await file.text(), knownKind));
      await client.invalidateQueries({ queryKey: ['dashboards', project] });
      toast(`Dashboard “${board.title}” imported`);
      void go(`/project/${project}/dashboard/${board.id}`);
    } catch (e) {
      toast(`${file.name} was not imported`, { kind: 'danger', body: e instanceof Error ? e.message : String(e) });
    } finally {
      if (input.current) input.current.value = '';
    }
  };
  return {
    choose: () => input.current?.click(),
    input: (
      <input
        ref={input}
        type="file"
        accept="application/json,.json"
        hidden
        aria-label="Dashboard to import"
        onChange={(e) => void read(e.target.files?.[0])}
      />
    ),
  };
}

/** download gives a dashboard to its reader as a file, which can be imported here and elsewhere. */
export function download(board: Dashboard, widgets: WidgetConfig[], layout: Layout) {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(
    new Blob([JSON.stringify(toFile(board, widgets, layout), null, 2) + '\n'], { type: 'application/json' }),
  );
  a.download = `${(board.title || 'dashboard')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
    .toLowerCase()}.dashboard.json`;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}
