import { Button } from '@patternfly/react-core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { Link, useLocation } from 'react-router';
import { ansi, plain } from '../lib/ansi';
import { sections, type Section } from '../lib/traceback';
import { Copy } from './states';
import './text.css';

/** A row of a text: a line, or a fold in the place of many. */
type Row = { number: number; line: string } | { fold: Section };

/** rowsOf puts folds in the place of the sections that are not open. */
function rowsOf(lines: string[], folds: Section[], open: Set<number>): Row[] {
  const rows: Row[] = [];
  for (const s of folds) {
    if (s.library && !open.has(s.from)) rows.push({ fold: s });
    else for (let n = s.from; n < s.to; n++) rows.push({ number: n + 1, line: lines[n]! });
  }
  return rows;
}

/**
 * Text shows a log or a traceback with its colours: searched, wrapped or not, drawn line by line as it is scrolled. With fold the
 * frames of libraries are folded; with anchor (a letter) its lines can be linked to, as #L12.
 */
export function Text({
  text,
  label,
  fold = false,
  anchor,
}: {
  text: string;
  label: string;
  fold?: boolean;
  anchor?: string;
}) {
  const [search, setSearch] = useState('');
  const [at, setAt] = useState(0);
  const [wrap, setWrap] = useState(true);
  const [open, setOpen] = useState<Set<number>>(new Set());
  const scroll = useRef<HTMLDivElement>(null);
  const here = useLocation();
  const lines = useMemo(() => text.replace(/\r\n?/g, '\n').replace(/\n$/, '').split('\n'), [text]);
  const folds = useMemo<Section[]>(() => {
    const whole = [{ from: 0, to: lines.length, library: '' }];
    if (!fold) return whole;
    const found = sections(lines.map(plain));
    // One line is no gain, and a traceback of libraries alone would leave nothing to read.
    const worth = found.map((s) => (s.to - s.from > 1 ? s : { ...s, library: '' }));
    return worth.some((s) => !s.library) ? worth : whole;
  }, [lines, fold]);
  const linked = Number(anchor && new RegExp(`^#${anchor}(\\d+)$`).exec(here.hash)?.[1]) || 0;
  const rows = useMemo(() => {
    const shown = new Set(open);
    for (const s of folds) if (search || (linked > s.from && linked <= s.to)) shown.add(s.from);
    return rowsOf(lines, folds, shown);
  }, [lines, folds, open, search, linked]);
  const hits = useMemo(() => {
    const wanted = search.toLowerCase();
    return wanted
      ? rows.flatMap((r, i) => ('line' in r && plain(r.line).toLowerCase().includes(wanted) ? [i] : []))
      : [];
  }, [rows, search]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 20,
    overscan: 20,
  });
  const current = hits[at % Math.max(1, hits.length)];
  useEffect(() => {
    if (current !== undefined) virtual.scrollToIndex(current, { align: 'center' });
  }, [current]); // eslint-disable-line react-hooks/exhaustive-deps
  useEffect(() => {
    const index = rows.findIndex((r) => 'line' in r && r.number === linked);
    if (linked && index >= 0) {
      virtual.scrollToIndex(index, { align: 'center' });
      scroll.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [linked]); // eslint-disable-line react-hooks/exhaustive-deps
  const foldable = folds.filter((s) => s.library);
  const allOpen = foldable.every((s) => open.has(s.from));
  const step = (e: KeyboardEvent) => {
    if (e.key !== 'Enter' || hits.length === 0) return;
    e.preventDefault();
    setAt((at + (e.shiftKey ? hits.length - 1 : 1)) % hits.length);
  };
  return (
    <div className={`log${wrap ? ' wrap' : ''}`}>
      <div className="log-tools">
        <input
          type="search"
          aria-label={`Search in ${label}`}
          placeholder="Search"
          value={search}
          onChange={(e) => {
            setSearch(e.target.value);
            setAt(0);
          }}
          onKeyDown={step}
        />
        {search && (
          <span className="quiet" aria-live="polite">
            {hits.length ? `${(at % hits.length) + 1} of ${hits.length}` : 'not found'}
          </span>
        )}
        <span className="spring" />
        {foldable.length > 0 && (
          <Button
            size="sm"
            variant="link"
            onClick={() => setOpen(allOpen ? new Set() : new Set(foldable.map((s) => s.from)))}
          >
            {allOpen ? 'Fold libraries' : 'Show all frames'}
          </Button>
        )}
        <Button size="sm" variant="link" onClick={() => setWrap(!wrap)}>
          {wrap ? 'Do not wrap' : 'Wrap'}
        </Button>
        <Copy text={plain(text)} label={`Copy ${label}`} />
      </div>
      <div
        className="log-body"
        style={{ height: Math.max(60, virtual.getTotalSize() + 8) }}
        ref={scroll}
        tabIndex={0}
        role="region"
        aria-label={label}
      >
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => {
            const r = rows[item.index]!;
            const place = { transform: `translateY(${item.start}px)` };
            if ('fold' in r)
              return (
                <button
                  key={item.key}
                  type="button"
                  data-index={item.index}
                  ref={virtual.measureElement}
                  className="line fold"
                  style={place}
                  onClick={() => setOpen(new Set(open).add(r.fold.from))}
                >
                  <span className="number" aria-hidden="true">
                    ⋯
                  </span>
                  {r.fold.to - r.fold.from} lines of {r.fold.library}
                </button>
              );
            const says = /^E\s/.test(plain(r.line)) ? ' says' : '';
            const mark =
              item.index === current || r.number === linked ? ' linked' : hits.includes(item.index) ? ' hit' : '';
            return (
              <div
                key={item.key}
                data-index={item.index}
                ref={virtual.measureElement}
                className={`line${says}${mark}`}
                style={place}
              >
                {anchor ? (
                  <Link
                    className="number"
                    to={{ search: here.search, hash: `${anchor}${r.number}` }}
                    replace
                    aria-label={`Line ${r.number}`}
                  >
                    {r.number}
                  </Link>
                ) : (
                  <span className="number" aria-hidden="true">
                    {r.number}
                  </span>
                )}
                <code>
                  {ansi(r.line).map((s, i) =>
                    s.className ? (
                      <span key={i} className={s.className}>
                        {s.text}
                      </span>
                    ) : (
                      s.text
                    ),
                  )}
                </code>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
