import type { ReactNode } from 'react';

const bars = (...hs: number[]) =>
  hs.map((h, i) => (
    <rect key={i} x={6 + i * 9} y={34 - h} width="6" height={h} className={i % 3 === 2 ? 'area-failed' : 'fill-line'} />
  ));
const grid = (...cells: string[]) =>
  cells.map((c, i) => (
    <rect
      key={i}
      x={6 + (i % 5) * 11}
      y={5 + Math.floor(i / 5) * 10}
      width="9"
      height="8"
      className={c === 'x' ? 'area-failed' : c === 'o' ? 'area-passed' : 'fill-line'}
    />
  ));
const rows = (...ws: number[]) =>
  ws.map((w, i) => (
    <g key={i}>
      <rect x="6" y={6 + i * 10} width={w} height="6" className="area-passed" />
      <rect x={7 + w} y={6 + i * 10} width={50 - w} height="6" className="area-failed" />
    </g>
  ));

const drawings: Record<string, ReactNode> = {
  'result-summary': (
    <>
      <circle cx="32" cy="20" r="13" fill="none" strokeWidth="6" className="stroke-passed" />
      <circle cx="32" cy="20" r="13" fill="none" strokeWidth="6" className="stroke-failed" strokeDasharray="18 100" />
    </>
  ),
  'run-aggregator': rows(44, 38, 46),
  'result-aggregator': [48, 30, 14].map((w, i) => (
    <rect key={i} x="6" y={6 + i * 10} width={w} height="6" className="fill-ink" />
  )),
  'jenkins-heatmap': grid('o', 'o', 'x', 'o', 'o', 'o', 'o', 'o', 'o', 'o', 'x', 'o', 'o', 'x', 'o'),
  'filter-heatmap': grid('-', 'o', 'o', 'x', 'o', '-', '-', 'o', 'o', 'o', 'o', 'x', 'x', 'o', 'o'),
  'jenkins-bar-chart': bars(20, 24, 14, 26, 22, 18),
  'jenkins-line-chart': <path d="M6 30 17 22 28 26 39 14 50 18 60 8" fill="none" className="line-one" />,
  'importance-component': grid('o', 'o', 'o', '-', 'o', 'o', 'x', 'o', 'o', 'o', '-', 'o', 'o', 'x', 'o'),
  'accessibility-bar-chart': rows(40, 0).slice(0, 1),
};

/** Sketch is what a kind of widget looks like, in small. */
export const Sketch = ({ of }: { of: string }) => (
  <svg viewBox="0 0 66 40" width="66" height="40" aria-hidden="true" className="sketch">
    {drawings[of]}
  </svg>
);
