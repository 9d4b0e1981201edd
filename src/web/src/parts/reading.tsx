import { count } from '../lib/format';
import './reading.css';

/** Reading is how much of a file is read: a bar where it is known of how many rows, else a bar that only moves. */
export function Reading({ name, progress }: { name: string; progress: { done: number; total: number } | null }) {
  const { done, total } = progress ?? { done: 0, total: 0 };
  return (
    <div className="reading">
      <progress aria-label={`${name} is read`} {...(total > 0 && { value: Math.min(done, total), max: total })} />
      <span className="quiet">
        {total > 0
          ? `${count(done)} of ${count(total)} rows, ${Math.floor((Math.min(done, total) / total) * 100)} %`
          : done > 0
            ? `${count(done)} rows`
            : 'looks through the file'}
      </span>
    </div>
  );
}
