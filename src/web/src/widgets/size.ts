import { useLayoutEffect, useRef, useState } from 'react';

/** useSize measures a box, so that charts are drawn for the room that there is and their letters keep their size. */
export function useSize<E extends HTMLElement>() {
  const box = useRef<E>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () =>
      setSize((old) => {
        const [width, height] = [Math.floor(element.clientWidth), Math.floor(element.clientHeight)];
        return old.width === width && old.height === height ? old : { width, height };
      });
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return [box, size] as const;
}
