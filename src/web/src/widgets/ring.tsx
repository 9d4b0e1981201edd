import { Link } from 'react-router';
import { shapeOf } from '../parts/outcome';

interface Part {
  key: string;
  state: string;
  n: number;
  to: string;
  label: string;
}

/** Ring shows parts of a whole. The list beside it has the same links for the keyboard, so that these are for the pointer. */
export function Ring({
  size,
  parts,
  middle,
  label,
}: {
  size: number;
  parts: Part[];
  middle: [string, string];
  label: string;
}) {
  const total = parts.reduce((n, p) => n + p.n, 0) || 1;
  const thick = Math.max(10, size * 0.11);
  const r = size / 2 - thick / 2 - 1;
  const round = 2 * Math.PI * r;
  const gap = parts.length > 1 ? 2 : 0;
  let from = 0;
  return (
    <svg className="ring" width={size} height={size} viewBox={`0 0 ${size} ${size}`} role="group" aria-label={label}>
      {parts.map((p) => {
        const share = p.n / total;
        const start = from;
        from += share;
        const angle = 2 * Math.PI * (start + share / 2) - Math.PI / 2;
        const [x, y] = [size / 2 + r * Math.cos(angle), size / 2 + r * Math.sin(angle)];
        return (
          <Link key={p.key} to={p.to} tabIndex={-1} aria-label={p.label}>
            <title>{p.label}</title>
            <circle
              cx={size / 2}
              cy={size / 2}
              r={r}
              fill="none"
              strokeWidth={thick}
              className={`stroke-${p.state}`}
              strokeDasharray={`${Math.max(1.5, share * round - gap)} ${round}`}
              transform={`rotate(${360 * start - 90} ${size / 2} ${size / 2})`}
            />
            {share > 0.07 && thick > 13 && (
              <path
                d={shapeOf(p.state)}
                transform={`translate(${x - 6} ${y - 6}) scale(.75)`}
                className="on-ink"
                fillRule="evenodd"
              />
            )}
          </Link>
        );
      })}
      <text x="50%" y="50%" dy="-.1em" textAnchor="middle" className="big" fontSize={Math.max(16, size * 0.15)}>
        {middle[0]}
      </text>
      <text x="50%" y="50%" dy="1.35em" textAnchor="middle" className="small">
        {middle[1]}
      </text>
    </svg>
  );
}
