import { useEffect, useRef } from 'react';
import { useLocation, useNavigationType } from 'react-router';

/** occupied says whether somebody is in a field or a dialog, from which nothing may take the focus. */
const occupied = () => document.activeElement?.closest('input, textarea, select, [role="dialog"]') != null;

/** arrive puts the focus on the heading, where one is shown already. */
function arrive(): boolean {
  // React hides what was there before until the new page has come.
  const heading = [...document.querySelectorAll<HTMLElement>('#main h1')].find((h) => h.offsetParent !== null);
  if (!heading) return false;
  if (occupied()) return true;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  return true;
}

/**
 * useArrival moves the focus to the heading of a page that somebody goes to, for screen readers to say where they are and
 * for Tab to go on from there. The first page is the browser's to announce.
 */
export function useArrival() {
  const { pathname } = useLocation();
  const how = useNavigationType();
  const here = useRef(pathname);
  const due = useRef(false);
  useEffect(() => {
    if (here.current === pathname) return;
    here.current = pathname;
    // An address that stands for another one is no page; who went to it still is to arrive.
    if (how !== 'REPLACE') due.current = true;
    if (!due.current) return;
    const done = () => {
      if (!arrive()) return false;
      due.current = false;
      return true;
    };
    if (done()) return;
    const watch = new MutationObserver(() => {
      if (done()) watch.disconnect();
    });
    watch.observe(document.getElementById('main') ?? document.body, { childList: true, subtree: true });
    return () => watch.disconnect();
  }, [pathname, how]);
}
