import { useNavigate } from 'react-router';
import { duration, exact } from '../lib/format';
import type { History } from '../lib/insight';

const [width, height, edge] = [720, 120, 8];

/** Durations shows how long a test took, oldest left, before the band of what is usual. */
export function Durations({ past, base }: { past: History; base: string }) {
  const go = useNavigate();
  const timed = past.outcomes.filter((o) => o.duration != null).reverse();
  const { usual } = past;
  if (timed.length < 2) return null;
  const top = Math.max(...timed.map((o) => o.duration!), usual?.high ?? 0, 1e-9) * 1.08;
  const x = (n: number) => edge + (n / (timed.length - 1)) * (width - 2 * edge);
  const y = (seconds: number) => height - (seconds / top) * (height - 4);
  return (
    <figure className="durations">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`How long it took the last ${timed.length} times${usual ? `, usually ${duration(usual.median)}` : ''}`}
      >
        {usual && (
          <>
            <rect
              className="band"
              x="0"
              width={width}
              y={y(usual.high)}
              height={Math.max(2, y(usual.low) - y(usual.high))}
            />
            <line className="median" x1="0" x2={width} y1={y(usual.median)} y2={y(usual.median)} />
          </>
        )}
        {timed.map((o, n) => (
          <circle
            key={o.id}
            cx={x(n)}
            cy={y(o.duration!)}
            r="4"
            className={`state-${o.result}`}
            fill="currentColor"
            onClick={() => void go(`${base}/results/${o.id}`)}
          >
            <title>{`${duration(o.duration)} · ${o.result} · ${exact(o.start_time)}`}</title>
          </circle>
        ))}
      </svg>
      <figcaption className="quiet">
        {duration(top / 1.08)} at most
        {usual && `, usually ${duration(usual.low)} to ${duration(usual.high)} where it passes`}
      </figcaption>
    </figure>
  );
}
