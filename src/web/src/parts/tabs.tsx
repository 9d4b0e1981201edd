import { useEffect, useRef, type KeyboardEvent } from 'react';
import { useLocation, useNavigate } from 'react-router';

/** useTab keeps which tab is open in the hash of the address, where the original's links have it. */
export function useTab(names: string[], old: Record<string, string> = {}): [string, (name: string) => void] {
  const here = useLocation();
  const go = useNavigate();
  const asked = here.hash.slice(1);
  const tab = names.includes(asked) ? asked : (old[asked] ?? names[0]!);
  return [tab, (name) => void go({ pathname: here.pathname, search: here.search, hash: name }, { replace: true })];
}

export function Tabs({ tabs, tab, choose }: { tabs: [string, string][]; tab: string; choose: (name: string) => void }) {
  const bar = useRef<HTMLDivElement>(null);
  // Where the tabs have no room, those that are open are scrolled to; the page itself stays where it is.
  useEffect(() => {
    const open = bar.current?.querySelector<HTMLElement>('[aria-selected="true"]');
    if (open) bar.current!.scrollLeft = open.offsetLeft - (bar.current!.clientWidth - open.offsetWidth) / 2;
  }, [tab]);
  const move = (e: KeyboardEvent) => {
    const step = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;
    if (!step) return;
    const i = (tabs.findIndex(([n]) => n === tab) + step + tabs.length) % tabs.length;
    choose(tabs[i]![0]);
    (e.currentTarget.children[i] as HTMLElement).focus();
  };
  return (
    <div className="tabs" role="tablist" ref={bar} onKeyDown={move}>
      {tabs.map(([name, label]) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={tab === name}
          tabIndex={tab === name ? 0 : -1}
          onClick={() => choose(name)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
