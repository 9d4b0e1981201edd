import { Button } from '@patternfly/react-core';
import { useId, useMemo, useState, type FormEvent } from 'react';
import { Popup } from '../head/popup';
import { fields } from '../lib/filter';
import { useChoice } from './choice';
import { pathColumn } from './lists';
import type { Column } from './rows';
import type { Narrow } from './value';

/** The lists whose columns a person chooses. */
type ListName = 'run' | 'result' | 'run-result';

/** useColumns is the columns that a person has chosen for a list: of those that it has, and of any path below the metadata. */
export function useColumns<T extends { metadata?: Record<string, unknown> }>(
  list: ListName,
  all: Column<T>[],
  usual: string[],
  narrow: Narrow,
): { columns: Column<T>[]; chosen: string[]; choose: (names: string[] | null) => void } {
  const [chosen, choose] = useChoice<string[]>(`columns.${list}`, usual);
  const columns = useMemo(() => {
    const named = new Map(all.map((c) => [c.name, c]));
    const some = chosen.flatMap(
      (name) => named.get(name) ?? (name.startsWith('metadata.') ? pathColumn<T>(name, narrow) : []),
    );
    // The first says what a row is, so that it stays.
    const first = all[0]!;
    return some.includes(first) ? some : [first, ...some];
  }, [all, chosen, narrow]);
  return { columns, chosen, choose };
}

/** ColumnChooser takes columns off a list and puts others on it. */
export function ColumnChooser({
  list,
  names,
  chosen,
  choose,
}: {
  list: ListName;
  names: string[];
  chosen: string[];
  choose: (names: string[] | null) => void;
}) {
  const [text, setText] = useState('');
  const known = useId();
  const paths = chosen.filter((name) => !names.includes(name));
  const toggle = (name: string) => {
    if (chosen.includes(name)) choose(chosen.filter((n) => n !== name));
    else choose([...chosen, name].toSorted((a, b) => place(names, a) - place(names, b)));
  };
  const add = (e: FormEvent) => {
    e.preventDefault();
    const path = text.trim().replace(/^(metadata\.)?/, 'metadata.');
    if (!/^metadata(\.[\w-]+)+$/.test(path)) return;
    if (!chosen.includes(path)) choose([...chosen, path].slice(0, 30));
    setText('');
  };
  return (
    <Popup name="Columns" face="Columns" className="at-end quiet-button only-wide">
      {() => (
        <>
          <ul className="plain-list checks">
            {[...names.slice(1), ...paths].map((name) => (
              <li key={name}>
                <label className="check">
                  <input type="checkbox" checked={chosen.includes(name)} onChange={() => toggle(name)} />
                  {name.replace(/^metadata\./, '')}
                </label>
              </li>
            ))}
          </ul>
          <form onSubmit={add} className="menu-foot">
            <input
              className="field"
              aria-label="Another value of the metadata"
              placeholder="metadata, such as build.commit"
              list={known}
              maxLength={120}
              value={text}
              onChange={(e) => setText(e.target.value)}
            />
            <datalist id={known}>
              {fields[list === 'run' ? 'run' : 'result']
                .filter((f) => f.startsWith('metadata.'))
                .map((f) => (
                  <option key={f} value={f} />
                ))}
            </datalist>
            <Button type="submit" size="sm" variant="secondary" isDisabled={!text.trim()}>
              Add
            </Button>{' '}
            <Button size="sm" variant="link" onClick={() => choose(null)}>
              As they were
            </Button>
          </form>
        </>
      )}
    </Popup>
  );
}

/** Columns keep the order of the list; those of the metadata stand after them. */
const place = (names: string[], name: string): number => {
  const at = names.indexOf(name);
  return at < 0 ? names.length : at;
};
