import { Button, Label } from '@patternfly/react-core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useId, useRef, useState } from 'react';
import { add, apiField, faultOf, fields, parse, print, resultValues, same, type Filter } from '../lib/filter';
import { insight } from '../lib/insight';
import { useKeys } from './keys';
import { SavedFilters } from './saved';

interface Props {
  kind: 'run' | 'result';
  project: string;
  filters: Filter[];
  change: (filters: Filter[]) => void;
  /** Fields that say the same of all rows, so that they are not offered. */
  shared?: string[];
}

const examples = {
  run: 'Filter: env:qa job:nightly summary.failures>0',
  result: 'Filter: result:failed exception~Timeout env:qa, or part of a test’s name',
  shared: 'Filter: result:failed exception~Timeout, or part of a test’s name',
};

/** FilterLine is text with completion and chips at once; what is typed is added with Enter. */
export function FilterLine({ kind, project, filters, change, shared }: Props) {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(-1);
  const [offering, setOffering] = useState(false);
  const [fault, setFault] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const offered = fields[kind].filter((f) => !shared?.includes(f)).map((f) => f + ':');
  useKeys({ f: () => input.current?.focus() });

  const word = text.slice(text.lastIndexOf(' ') + 1);
  const typedValue = /^([A-Za-z][\w.-]*)(:|!=|\*)(.*)$/.exec(word);
  const field = typedValue ? apiField(typedValue[1]!) : '';
  const wanted =
    offering &&
    typedValue &&
    field !== 'result' &&
    !['id', 'run_id', 'duration', 'start_time'].includes(field) &&
    !field.startsWith('summary.');
  const known = useQuery({
    queryKey: ['values', project, kind, field, typedValue?.[3]],
    queryFn: ({ signal }) =>
      insight.values(project, kind === 'run' ? 'runs' : 'results', field, typedValue?.[3] ?? '', signal),
    placeholderData: keepPreviousData,
    enabled: !!wanted,
    staleTime: 60000,
    retry: false,
  });
  const suggestions = typedValue
    ? (field === 'result' ? resultValues : (known.data ?? []).map((v) => v.value))
        .filter((v) => v.toLowerCase().includes(typedValue[3]!.toLowerCase()))
        .slice(0, 12)
        .map((v) => typedValue[1] + typedValue[2]! + (/\s/.test(v) ? `"${v}"` : v))
    : word
      ? offered.filter((f) => f.startsWith(word))
      : offering && !text
        ? offered.slice(0, 8)
        : [];

  const apply = (typed: string) => {
    const wrong = faultOf(typed, kind);
    setFault(wrong);
    if (wrong) return;
    const next = parse(typed, kind === 'result' ? 'test_id' : 'component').reduce(add, filters);
    setText('');
    setChosen(-1);
    setOffering(false); // what is below is to be seen, until somebody goes on
    change(next);
  };
  const take = (s: string) => {
    const whole = text.slice(0, text.lastIndexOf(' ') + 1) + s;
    if (s.endsWith(':')) {
      setText(whole);
      setChosen(-1);
      input.current?.focus();
    } else apply(whole);
  };
  return (
    <div className="filterline">
      <div className="filter-row">
        <form
          role="search"
          onSubmit={(e) => {
            e.preventDefault();
            if (chosen >= 0 && suggestions[chosen]) take(suggestions[chosen]);
            else if (text.trim()) apply(text);
          }}
        >
          <input
            ref={input}
            value={text}
            spellCheck={false}
            autoComplete="off"
            role="combobox"
            aria-expanded={offering && suggestions.length > 0}
            aria-controls={list}
            aria-autocomplete="list"
            aria-activedescendant={chosen >= 0 ? `${list}-${chosen}` : undefined}
            aria-label={`Filter ${kind}s`}
            placeholder={examples[shared ? 'shared' : kind]}
            onChange={(e) => {
              setText(e.target.value);
              setOffering(true);
              setChosen(-1);
              setFault('');
            }}
            onFocus={() => setOffering(true)}
            onClick={() => setOffering(true)}
            onBlur={() => setTimeout(() => setOffering(false), 150)}
            onKeyDown={(e) => {
              if (e.key === 'Escape') input.current?.blur();
              if (e.key === 'ArrowDown') {
                e.preventDefault();
                setOffering(true);
                setChosen(Math.min(chosen + 1, suggestions.length - 1));
              }
              if (e.key === 'ArrowUp') {
                e.preventDefault();
                setChosen(Math.max(chosen - 1, -1));
              }
              if (e.key === 'Tab' && word && suggestions[Math.max(chosen, 0)]) {
                e.preventDefault();
                take(suggestions[Math.max(chosen, 0)]!);
              }
              if (e.key === 'Backspace' && !text && filters.length) change(filters.slice(0, -1));
            }}
          />
          <kbd aria-hidden="true">f</kbd>
          <ul id={list} role="listbox" aria-label="Suggestions" hidden={!offering || suggestions.length === 0}>
            {suggestions.map((s, i) => (
              <li
                key={s}
                id={`${list}-${i}`}
                role="option"
                aria-selected={i === chosen}
                onMouseDown={(e) => {
                  e.preventDefault();
                  take(s);
                }}
              >
                {s}
              </li>
            ))}
          </ul>
        </form>
        <SavedFilters kind={kind} />
      </div>
      {fault && (
        <p className="text-failed" role="alert">
          {fault}
        </p>
      )}
      {filters.length > 0 && (
        <div className="chips">
          {filters.map((f) => (
            <Label
              key={print(f)}
              variant="outline"
              isCompact
              onClose={() => change(filters.filter((o) => !same(o, f)))}
              closeBtnAriaLabel={`Remove ${print(f)}`}
            >
              {print(f)}
            </Label>
          ))}
          <Button variant="link" isInline size="sm" onClick={() => change([])}>
            Clear all
          </Button>
        </div>
      )}
    </div>
  );
}
