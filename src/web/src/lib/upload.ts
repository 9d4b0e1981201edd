import { APIError, session } from './api';
import { base } from './base';
import type { Import } from './api';

/** upload sends a file to be imported and says how much of it is sent, which fetch cannot. */
export function upload(project: string, file: File, sent: (share: number) => void): Promise<Import> {
  const form = new FormData();
  form.set('project', project);
  form.set('importFile', file, file.name);
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open('POST', `${base}/api/import`);
    request.setRequestHeader('Authorization', `Bearer ${session.get()?.token ?? ''}`);
    request.upload.onprogress = (e) => {
      if (e.lengthComputable) sent(e.loaded / e.total);
    };
    request.onerror = () => fail(new APIError(0, 'The server cannot be reached. Trying again is safe.', ''));
    request.onload = () => {
      if (request.status < 300) done(JSON.parse(request.responseText) as Import);
      else fail(new APIError(request.status, said(request), request.getResponseHeader('x-request-id') ?? ''));
    };
    request.send(form);
  });
}

function said(request: XMLHttpRequest): string {
  try {
    const answer = JSON.parse(request.responseText) as string | { detail?: string; message?: string };
    return typeof answer === 'string' ? answer : (answer.message ?? answer.detail ?? request.statusText);
  } catch {
    return request.responseText.trim() || request.statusText;
  }
}

/** runsOf are the runs that an import has made. */
export const runsOf = (i: Import): string[] =>
  [i.run_id ?? (i.metadata?.['run_id'] as string | string[] | undefined) ?? []].flat().filter(Boolean);

export const ended = (i: Import): boolean => i.status === 'done' || i.status === 'error';

/** progressOf is how many rows of how many are read, null as long as nobody knows. */
export const progressOf = (i: Import) =>
  (i.metadata?.['progress'] as { done: number; total: number } | undefined) ?? null;

export const faultOf = (i: Import): string =>
  String(i.metadata?.['error'] ?? i.metadata?.['message'] ?? 'The file could not be read as a report.');

/** What the server can read, for the file picker. */
export const readable = '.xml,.tar.gz,.tgz,.gz,.zip';
