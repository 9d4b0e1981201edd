import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState, type KeyboardEvent } from 'react';
import { Link } from 'react-router';
import { api, type List, type Project } from '../lib/api';
import { recent } from '../lib/kept';
import { useChoice } from '../parts/choice';
import { Failed } from '../parts/states';
import { HeadGlyph } from './glyph';

export function useProjects(text: string) {
  return useQuery({
    queryKey: ['projects', text],
    queryFn: ({ signal }) =>
      api.get<List<'projects', Project>>(
        '/project',
        { pageSize: 50, filter: text ? [`title%${text.replaceAll(',', '_')}`] : [] },
        signal,
      ),
    placeholderData: keepPreviousData,
  });
}

/** The starred and recent projects, wherever they are in the list of all. */
function useKnown(ids: string[]) {
  return useQuery({
    queryKey: ['projects', 'known', ids],
    queryFn: ({ signal }) =>
      api.get<List<'projects', Project>>('/project', { pageSize: 100, filter: [`id*${ids.join(';')}`] }, signal),
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
  });
}

const titleOf = (p: Project) => p.title || p.name || '';
const byTitle = (a: Project, b: Project) => titleOf(a).localeCompare(titleOf(b));

/** ProjectList offers the starred projects, then the recent ones, then all; what is typed narrows it. */
export function ProjectList({ chosen, current = '' }: { chosen: () => void; current?: string }) {
  const [text, setText] = useState('');
  const [stars, setStars] = useChoice<string[]>('stars', []);
  const { data, error } = useProjects(text);
  const visited = recent.get();
  const known = useKnown([...new Set([...stars, ...visited])].sort());
  const all = new Map([...(known.data?.projects ?? []), ...(data?.projects ?? [])].map((p) => [p.id!, p]));
  const starred = stars.flatMap((id) => all.get(id) ?? []).sort(byTitle);
  const lately = visited.filter((id) => !stars.includes(id)).flatMap((id) => all.get(id) ?? []);
  const rest = (data?.projects ?? []).filter((p) => !stars.includes(p.id!) && !visited.includes(p.id!)).sort(byTitle);
  const groups: [string, Project[]][] = text
    ? [['Found', (data?.projects ?? []).toSorted(byTitle)]]
    : [
        ['Starred', starred],
        ['Recent', lately],
        [starred.length + lately.length ? 'Others' : 'All', rest],
      ];
  const star = (id: string) => setStars(stars.includes(id) ? stars.filter((s) => s !== id) : [...stars, id]);
  const arrows = (e: KeyboardEvent<HTMLElement>) => {
    const step = e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : 0;
    if (!step) return;
    e.preventDefault();
    const stops = [...e.currentTarget.querySelectorAll<HTMLElement>('input, li > a')];
    stops[
      Math.max(0, Math.min(stops.length - 1, stops.indexOf(document.activeElement as HTMLElement) + step))
    ]?.focus();
  };
  return (
    <div onKeyDown={arrows}>
      <input
        className="field"
        type="search"
        aria-label="Find a project"
        placeholder="Find a project"
        value={text}
        autoFocus
        onChange={(e) => setText(e.target.value)}
      />
      {error ? <Failed error={error} what="Projects" /> : null}
      {data && data.projects.length === 0 && (
        <p className="quiet pad">{text ? `No project is called “${text}”.` : 'No projects yet.'}</p>
      )}
      {groups.map(
        ([name, projects]) =>
          projects.length > 0 && (
            <section key={name}>
              <h2 className="menu-group">{name}</h2>
              <ul className="plain-list projects">
                {projects.map((p) => (
                  <li key={p.id}>
                    <Link
                      to={`/project/${p.id}/triage`}
                      aria-current={p.id === current ? 'true' : undefined}
                      onClick={chosen}
                    >
                      {titleOf(p)}
                      {p.title && p.name?.toLowerCase() !== p.title.toLowerCase() && (
                        <span className="quiet"> {p.name}</span>
                      )}
                    </Link>
                    <button
                      type="button"
                      className="star"
                      aria-pressed={stars.includes(p.id!)}
                      aria-label={`Star ${titleOf(p)}`}
                      title={stars.includes(p.id!) ? 'Take the star off' : 'Star: keep it at the top'}
                      onClick={() => star(p.id!)}
                    >
                      <HeadGlyph of={stars.includes(p.id!) ? 'star' : 'unstarred'} />
                    </button>
                  </li>
                ))}
              </ul>
            </section>
          ),
      )}
      {data && !text && data.pagination.totalItems > data.projects.length && (
        <p className="quiet pad">Type to find one of {data.pagination.totalItems}.</p>
      )}
    </div>
  );
}
