import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { api, type Dashboard } from '../lib/api';
import { Failed } from '../parts/states';
import { useToast } from '../parts/toast';

/** Naming asks for title and description, of a new dashboard or of one that is there. */
export function Naming({ project, board, close }: { project: string; board?: Dashboard; close: () => void }) {
  const client = useQueryClient();
  const go = useNavigate();
  const toast = useToast();
  const [title, setTitle] = useState(board?.title ?? '');
  const [description, setDescription] = useState(board?.description ?? '');
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const save = async () => {
    setTried(true);
    if (!title.trim()) return;
    setBusy(true);
    try {
      const made = board
        ? await api.put<Dashboard>(`/dashboard/${board.id}`, { title: title.trim(), description })
        : await api.post<Dashboard>('/dashboard', { title: title.trim(), description, project_id: project });
      await client.invalidateQueries({ queryKey: ['dashboards', project] });
      close();
      if (!board) {
        toast(`Dashboard “${made.title}” made`);
        void go(`/project/${project}/dashboard/${made.id}?edit=1`);
      }
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <Modal variant="small" isOpen onClose={close} aria-label={board ? 'Rename dashboard' : 'New dashboard'}>
      <ModalHeader title={board ? 'Title and description' : 'New dashboard'} />
      <ModalBody>
        <form
          id="naming"
          onSubmit={(e) => {
            e.preventDefault();
            void save();
          }}
        >
          <label className="form-field">
            Title
            <input
              className={`field${tried && !title.trim() ? ' faulty' : ''}`}
              value={title}
              maxLength={200}
              autoFocus
              aria-invalid={tried && !title.trim()}
              onChange={(e) => setTitle(e.target.value)}
            />
            {tried && !title.trim() && (
              <span className="text-failed fault" role="alert">
                ✕ This is needed.
              </span>
            )}
          </label>
          <label className="form-field">
            Description
            <textarea
              className="field"
              rows={2}
              value={description}
              maxLength={2000}
              onChange={(e) => setDescription(e.target.value)}
            />
          </label>
        </form>
        {error ? <Failed error={error} what="The dashboard" /> : null}
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="naming" isLoading={busy} isDisabled={busy}>
          {board ? 'Save' : 'Make it'}
        </Button>
        <Button variant="link" onClick={close}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}

/** Deleting asks once more before a dashboard goes. */
export function Deleting({
  title,
  widgets,
  drop,
  close,
}: {
  title: string;
  widgets: number;
  drop: () => void;
  close: () => void;
}) {
  return (
    <Modal variant="small" isOpen onClose={close} aria-label="Delete dashboard">
      <ModalHeader title={`Delete “${title}”?`} titleIconVariant="warning" />
      <ModalBody>
        It goes for everybody in the project
        {widgets > 0 && `, with its ${widgets === 1 ? 'widget' : `${widgets} widgets`}`}. Runs and results stay. You can
        take it back for a few seconds.
      </ModalBody>
      <ModalFooter>
        <Button variant="danger" onClick={drop}>
          Delete “{title}”
        </Button>
        <Button variant="link" onClick={close}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}
