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

/** useNewest shows of a drawing that is wider than its widget the end, where the newest is; drawn is what makes it another drawing. */
export function useNewest<E extends Element>(drawn: string | number) {
  const drawing = useRef<E>(null);
  useLayoutEffect(() => {
    const box = drawing.current?.closest('.widget-body');
    if (box) box.scrollLeft = box.scrollWidth;
  }, [drawn]);
  return drawing;
}
