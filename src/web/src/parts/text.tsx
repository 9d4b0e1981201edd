import { Button } from '@patternfly/react-core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import { ansi, plain } from '../lib/ansi';
import { Copy } from './states';

/** Text shows a log or a traceback with its colours: searched, wrapped or not, drawn line by line as it is scrolled. */
export function Text({ text, label }: { text: string; label: string }) {
  const [search, setSearch] = useState('');
  const [wrap, setWrap] = useState(true);
  const scroll = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => {
    const all = text
      .replace(/\r\n?/g, '\n')
      .replace(/\n$/, '')
      .split('\n')
      .map((line, i) => ({ line, number: i + 1 }));
    if (!search) return all;
    const wanted = search.toLowerCase();
    return all.filter((l) => plain(l.line).toLowerCase().includes(wanted));
  }, [text, search]);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 20,
    overscan: 20,
  });
  return (
    <div className={`log${wrap ? ' wrap' : ''}`}>
      <div className="log-tools">
        <input
          type="search"
          aria-label={`Search in ${label}`}
          placeholder="Search"
          value={search}
          onChange={(e) => setSearch(e.target.value)}
        />
        {search && <span className="quiet">{lines.length} lines</span>}
        <Button size="sm" variant="link" onClick={() => setWrap(!wrap)}>
          {wrap ? 'Do not wrap' : 'Wrap'}
        </Button>
        <Copy text={plain(text)} label={`Copy ${label}`} />
      </div>
      <div
        className="log-body"
        style={{ height: Math.max(80, virtual.getTotalSize() + 16) }}
        ref={scroll}
        tabIndex={0}
        role="region"
        aria-label={label}
      >
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => {
            const l = lines[item.index]!;
            return (
              <div
                key={item.key}
                data-index={item.index}
                ref={virtual.measureElement}
                className={`line${/^E\s/.test(plain(l.line)) ? ' says' : ''}`}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <span className="number" aria-hidden="true">
                  {l.number}
                </span>
                <code>
                  {ansi(l.line).map((s, i) =>
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
