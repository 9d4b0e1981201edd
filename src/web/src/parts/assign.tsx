import { Button } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useId, useRef, useState } from 'react';
import { useProject } from '../frame';
import { api, session, type List } from '../lib/api';
import { decided, useDecide, type Decision, type Judged } from './classify';
import { useKeys } from './keys';

interface Member {
  email: string;
  role?: string;
  name?: string | null;
}

/** me is how others find who is signed in. */
export const me = () => session.get()?.email ?? '';

/** useMembers lists who is in a project. */
export function useMembers(project: string) {
  const found = useQuery({
    queryKey: ['project', project, 'members'],
    staleTime: 300000,
    queryFn: ({ signal }) => api.get<List<'members', Member>>(`/project/${project}/member`, { pageSize: 200 }, signal),
  });
  return found.data?.members ?? [];
}

/** the value that all have, or nothing */
const common = (results: Judged[], what: Decision): string => {
  const first = results[0] ? decided(results[0], what) : '';
  return results.every((r) => decided(r, what) === first) ? first : '';
};

/** Assign says who looks at some results. The key a goes there. */
export function Assign({ results }: { results: Judged[] }) {
  const { project } = useProject();
  const members = useMembers(project);
  const { decide, progress } = useDecide();
  const now = common(results, 'assignee');
  const [text, setText] = useState(now);
  const field = useRef<HTMLInputElement>(null);
  const list = useId();
  useEffect(() => setText(now), [now, results.length]);
  useKeys({ a: () => field.current?.focus() });
  const put = (value: string) => {
    if (value !== now) void decide('assignee', results, value);
  };
  return (
    <form
      className="decision"
      onSubmit={(e) => {
        e.preventDefault();
        put(text.trim());
        field.current?.blur();
      }}
    >
      <label>
        <span>Assignee</span>
        <input
          ref={field}
          className="field"
          list={list}
          value={text}
          maxLength={200}
          placeholder="Nobody"
          disabled={!results.length || !!progress}
          onChange={(e) => setText(e.target.value)}
          onBlur={() => put(text.trim())}
          onKeyDown={(e) => {
            if (e.key === 'Escape') setText(now);
          }}
        />
      </label>
      <datalist id={list}>
        {members.map((m) => (
          <option key={m.email} value={m.email}>
            {m.name}
          </option>
        ))}
      </datalist>
      {now !== me() && (
        <Button size="sm" variant="link" isDisabled={!results.length || !!progress} onClick={() => put(me())}>
          Take it
        </Button>
      )}
    </form>
  );
}

/** Note keeps a few words beside results, for whoever comes next. */
export function Note({ results }: { results: Judged[] }) {
  const { decide, progress } = useDecide();
  const now = common(results, 'note');
  const [text, setText] = useState(now);
  useEffect(() => setText(now), [now, results.length]);
  const changed = text.trim() !== now;
  return (
    <form
      className="decision note"
      onSubmit={(e) => {
        e.preventDefault();
        void decide('note', results, text.trim());
      }}
    >
      <label>
        <span>Note</span>
        <textarea
          className="field"
          rows={Math.min(6, Math.max(1, text.split('\n').length))}
          maxLength={4000}
          placeholder="What you found out"
          value={text}
          onChange={(e) => setText(e.target.value)}
          onKeyDown={(e) => {
            if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) e.currentTarget.form?.requestSubmit();
          }}
        />
      </label>
      {changed && (
        <Button size="sm" variant="secondary" type="submit" isDisabled={!results.length || !!progress}>
          Keep
        </Button>
      )}
    </form>
  );
}

/** Decide is all that is decided about a failure. */
export function Decide({ results }: { results: Judged[] }) {
  return (
    <div className="decide">
      <Assign results={results} />
      <Note results={results} />
    </div>
  );
}
