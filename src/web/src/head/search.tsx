import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { Link, useNavigate } from 'react-router';
import { api } from '../lib/api';
import { isID, marked, pagesFor, pagesOf, places } from '../lib/found';
import { ago, testName } from '../lib/format';
import { useProject, useUser } from '../lib/here';
import { countsOf, passRate, titleOf } from '../lib/runs';
import type { components } from '../lib/schema';
import { useKeys } from '../parts/keys';
import { Busy, Failed } from '../parts/states';
import { HeadGlyph } from './glyph';
import { useAway } from '../parts/away';

type Found = components['schemas']['Found'];

interface Option {
  group: string;
  to: string;
  title: ReactNode;
  more: ReactNode;
}

/** The server looks for words, and for no single letter. */
const searchable = (text: string): boolean => text.length > 1 && /[\p{L}\p{N}]/u.test(text);

const Marks = ({ text, at }: { text: string; at: readonly (readonly number[])[] }) =>
  marked(text, at).map((part, i) => (i % 2 ? <mark key={i}>{part}</mark> : part));

function optionsOf(text: string, base: string, admin: boolean, found: Found | undefined): Option[] {
  const options: Option[] = [];
  const put = (group: string, to: string, title: ReactNode, more: ReactNode) =>
    options.push({ group, to, title, more });
  if (isID(text)) {
    put('This id', `/runs/${text}`, 'Open the run', text);
    put('This id', `/results/${text}`, 'Open the result', text);
  }
  for (const p of pagesFor(text, pagesOf(base, admin)))
    put('Pages and settings', p.to, <Marks text={p.name} at={places(p.name, text)} />, p.hint);
  for (const r of found?.runs ?? []) {
    const jenkins = { job_name: r.job_name, build_number: r.build_number };
    const run = { ...r, summary: r.summary as Record<string, number> | null, metadata: { jenkins } };
    const title = titleOf(run);
    const rate = passRate(countsOf(run));
    put(
      'Runs',
      `${base}/runs/${r.id}`,
      <Marks text={title} at={places(title, text)} />,
      [rate == null ? '' : `${rate} % passed`, ago(r.start_time)].filter(Boolean).join(' · '),
    );
  }
  for (const t of found?.tests ?? []) {
    const { name, path, params } = testName(t.test_id);
    const title = params ? `${name}[${params}]` : name;
    put(
      'Tests',
      `${base}/test?q=${encodeURIComponent(t.test_id)}`,
      <Marks text={title} at={places(title, text)} />,
      <>
        <Marks text={path} at={places(path, text)} /> last {ago(t.last_seen)}
      </>,
    );
  }
  for (const f of found?.failures ?? []) {
    const { name } = testName(f.test_id ?? f.result_id);
    put(
      'Failures and tracebacks',
      `${base}/results/${f.result_id}`,
      <code>
        <Marks text={f.excerpt} at={f.highlights} />
      </code>,
      [name, f.exception, ago(f.start_time)].filter(Boolean).join(' · '),
    );
  }
  return options;
}

/** Search is the one search box: over runs, tests and failures of the project, pages and settings. */
export function Search() {
  const { project, base } = useProject();
  const go = useNavigate();
  const user = useUser();
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const list = useId();
  // While somebody types, the words before are still being looked for.
  const wanted = useDeferredValue(text.trim());
  const [asked, ask] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => ask(wanted), 150);
    return () => clearTimeout(timer);
  }, [wanted]);
  const found = useQuery({
    queryKey: ['search', project, asked],
    queryFn: ({ signal }) => api.get<Found>(`/project/${project}/search`, { q: asked, limit: 6 }, signal),
    enabled: open && !!project && searchable(asked),
    placeholderData: keepPreviousData,
    staleTime: 30000,
    retry: false,
  });
  const options = wanted
    ? optionsOf(wanted, project ? base : '', !!user.data?.is_superadmin, searchable(asked) ? found.data : undefined)
    : [];
  const at = Math.min(chosen, options.length - 1);
  const waiting = open && !!project && searchable(wanted) && (asked !== wanted || found.isFetching);

  const enter = () => {
    // Where the screen is narrow the box has to be there before it can be typed into.
    flushSync(() => setOpen(true));
    input.current?.select();
  };
  const leave = () => {
    setOpen(false);
    setChosen(0);
  };
  useKeys({ '/': enter });
  useAway(box, open, setOpen);
  useEffect(() => {
    if (open) document.getElementById(`${list}-${at}`)?.scrollIntoView({ block: 'nearest' });
  }, [at, open, list]);

  const take = (option: Option) => {
    leave();
    input.current?.blur();
    void go(option.to);
  };
  const empty = !!wanted && options.length === 0 && !waiting && !found.error;
  return (
    <>
      <button type="button" className="icon-button only-narrow" aria-label="Search" onClick={enter}>
        <HeadGlyph of="search" />
      </button>
      <div
        className={`search${open ? ' open' : ''}`}
        ref={box}
        role="search"
        onBlur={(e) => {
          if (e.relatedTarget && !box.current?.contains(e.relatedTarget)) leave();
        }}
      >
        <HeadGlyph of="search" />
        <input
          ref={input}
          value={text}
          role="combobox"
          spellCheck={false}
          autoComplete="off"
          aria-label="Search"
          aria-expanded={open && options.length > 0}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={open && options.length ? `${list}-${at}` : undefined}
          placeholder={project ? 'Search runs, tests, tracebacks, settings' : 'Search pages and settings'}
          onFocus={() => setOpen(true)}
          onChange={(e) => {
            setText(e.target.value);
            setChosen(0);
            setOpen(true);
          }}
          onKeyDown={(e) => {
            const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
            if (step) {
              e.preventDefault();
              setChosen(Math.max(0, Math.min(options.length - 1, at + step)));
            } else if (e.key === 'Enter' && options[at]) {
              e.preventDefault();
              take(options[at]);
            } else if (e.key === 'Escape') {
              leave();
              input.current?.blur();
            }
          }}
        />
        <kbd aria-hidden="true">/</kbd>
        <button type="button" className="icon-button only-narrow" aria-label="Close the search" onClick={leave}>
          <HeadGlyph of="close" />
        </button>
        {open && wanted && (
          <div className="menu-list found">
            <Busy on={waiting} />
            {found.error ? <Failed error={found.error} what="The search" retry={() => void found.refetch()} /> : null}
            {empty && (
              <p className="quiet pad">
                Nothing has all of “{wanted}”. Search takes words of a run, a test’s name, an exception, a message or a
                traceback.
              </p>
            )}
            <div role="listbox" id={list} aria-label="Found">
              {options.map((o, i) => (
                <div key={o.to + i} role="presentation">
                  {o.group !== options[i - 1]?.group && (
                    <div className="menu-group" role="presentation">
                      {o.group}
                    </div>
                  )}
                  <Link
                    id={`${list}-${i}`}
                    role="option"
                    aria-selected={i === at}
                    tabIndex={-1}
                    to={o.to}
                    onMouseMove={() => setChosen(i)}
                    onClick={leave}
                  >
                    <span className="clip">{o.title}</span>
                    <span className="quiet clip">{o.more}</span>
                  </Link>
                </div>
              ))}
            </div>
            {options.length > 0 && (
              <p className="quiet hint pad only-wide" aria-hidden="true">
                <kbd>↑</kbd> <kbd>↓</kbd> choose · <kbd>Enter</kbd> open · <kbd>Esc</kbd> close
              </p>
            )}
          </div>
        )}
      </div>
    </>
  );
}
