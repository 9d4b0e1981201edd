import { Button } from '@patternfly/react-core';
import { useState, type FormEvent } from 'react';
import { Link, useLocation } from 'react-router';
import { Popup } from '../head/popup';
import { useProject } from '../lib/here';
import { useChoice } from './choice';

interface Saved {
  name: string;
  kind: 'run' | 'result';
  /** What stands behind the question mark of the list's address. */
  query: string;
}

const most = 50;

const useSaved = (project: string) => useChoice<Saved[]>(`filters.${project}`, []);

const pageOf = { run: 'runs', result: 'results' };

/** Bookmarks are the filters that a person has saved in this project, a click each. */
export function Bookmarks() {
  const { project, base } = useProject();
  const [saved] = useSaved(project);
  if (saved.length === 0) return null;
  return (
    <nav className="chips" aria-label="Saved filters">
      {saved.map((s) => (
        <Link key={s.kind + s.name} className="bookmark" to={`${base}/${pageOf[s.kind]}?${s.query}`}>
          {s.name} <span className="quiet">{pageOf[s.kind]}</span>
        </Link>
      ))}
    </nav>
  );
}

/** SavedFilters keeps the present filters under a name, and leads back to others. */
export function SavedFilters({ kind }: { kind: 'run' | 'result' }) {
  const { project, base } = useProject();
  const { search } = useLocation();
  const [saved, setSaved] = useSaved(project);
  const [name, setName] = useState('');
  const query = search.replace(/^\?/, '');
  const own = saved.filter((s) => s.kind === kind);
  const keep = (e: FormEvent) => {
    e.preventDefault();
    const others = saved.filter((s) => s.kind !== kind || s.name !== name.trim());
    setSaved([...others, { name: name.trim(), kind, query }].slice(-most));
    setName('');
  };
  return (
    <Popup name="Saved filters" face="Saved" className="at-end quiet-button">
      {(close) => (
        <>
          {own.length === 0 && <p className="quiet pad">Filter the list, then give what you see a name.</p>}
          <ul className="plain-list projects">
            {own.map((s) => (
              <li key={s.name}>
                <Link
                  to={`${base}/${pageOf[kind]}?${s.query}`}
                  aria-current={s.query === query ? 'true' : undefined}
                  onClick={close}
                >
                  {s.name}
                </Link>
                <button
                  type="button"
                  className="star"
                  aria-label={`Forget ${s.name}`}
                  title="Forget"
                  onClick={() => setSaved(saved.filter((o) => o !== s))}
                >
                  ✕
                </button>
              </li>
            ))}
          </ul>
          {query && (
            <form className="menu-foot" onSubmit={keep}>
              <input
                className="field"
                aria-label="Name of this filter"
                placeholder="Name of this filter"
                maxLength={60}
                value={name}
                onChange={(e) => setName(e.target.value)}
              />
              <Button type="submit" size="sm" variant="secondary" isDisabled={!name.trim()}>
                Save this filter
              </Button>
            </form>
          )}
        </>
      )}
    </Popup>
  );
}
