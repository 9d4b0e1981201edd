import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { useProject } from '../frame';
import { api, type Result } from '../lib/api';
import { failing, messageOf } from '../lib/failures';
import { count, duration } from '../lib/format';
import { insight, type History } from '../lib/insight';
import { meta } from '../lib/runs';
import { Strip } from './outcome';
import { Time } from './states';
import { Text } from './text';

export const useResult = (id: string) =>
  useQuery({
    queryKey: ['result', id],
    enabled: !!id,
    queryFn: ({ signal }) => api.get<Result>(`/result/${id}`, {}, signal),
  });

/** usePast asks how a result's test did before and since, in the same environment and component. */
export function usePast(project: string, r: Result | undefined) {
  const [test, env, component] = [r?.test_id ?? '', r?.env ?? '', r?.component ?? ''];
  return useQuery({
    queryKey: ['test', project, test, env, component],
    enabled: !!test,
    queryFn: ({ signal }) => insight.test(project, test, signal, { env, component }),
  });
}

/** Past shows how a test did, and says since when it does as it does. */
export function Past({ past, current }: { past: History; current?: string }) {
  const { base } = useProject();
  const { streak } = past;
  if (past.outcomes.length === 0) return null;
  const at = (o: { id: string; start_time: string }) => (
    <Link to={`${base}/results/${o.id}`}>
      <Time at={o.start_time} />
    </Link>
  );
  return (
    <div className="since">
      <Strip results={[...past.outcomes].reverse()} current={current} to={(o) => `${base}/results/${o.id}`} />
      <p className="quiet">
        {streak.first && (
          <>
            {streak.failing ? 'Failing' : 'Good'} {streak.length > 1 && `${count(streak.length)} times in a row, `}since{' '}
            {at(streak.first)}.{' '}
          </>
        )}
        {streak.before ? (
          <>
            {streak.failing ? 'Last good' : 'Last failure'} {at(streak.before)}.
          </>
        ) : (
          streak.first && (streak.failing ? 'It has never been good.' : 'It has never failed.')
        )}
      </p>
    </div>
  );
}

/** Took says how long a test took, and whether that is usual. */
export function Took({ seconds, usual }: { seconds: number | null | undefined; usual: History['usual'] | undefined }) {
  if (seconds == null || !usual) return <span>{duration(seconds)}</span>;
  const slow = seconds > 1.5 * usual.high && seconds > usual.high + 0.5;
  const band =
    duration(usual.low) === duration(usual.high)
      ? duration(usual.median)
      : `${duration(usual.low)} to ${duration(usual.high)}`;
  return (
    <span>
      {duration(seconds)}{' '}
      <span className={slow ? 'text-error' : 'quiet'}>{slow ? `▲ usually ${band}` : `usually ${band}`}</span>
    </span>
  );
}

/** tracebackOf is the longest account that a result has of what went wrong. */
export const tracebackOf = (r: Result): string => meta(r, 'traceback') || meta(r, 'short_tb') || meta(r, 'fail_reason');

/** Said is what went wrong: exception, message, traceback. */
export function Said({ result: r, anchor }: { result: Result; anchor?: string }) {
  const { base } = useProject();
  const exception = meta(r, 'exception_name');
  const message = messageOf(r);
  const trace = tracebackOf(r);
  if (!failing(r.result)) return null;
  return (
    <>
      {(exception || message) && (
        <div className="said">
          {exception && (
            <strong>
              <Link
                to={`${base}/results?metadata.exception_name=${encodeURIComponent(exception)}`}
                title="All results with this exception"
              >
                {exception}
              </Link>
            </strong>
          )}{' '}
          <code>{message}</code>
        </div>
      )}
      {trace && <Text key={r.id} text={trace} label="Traceback" fold {...(anchor && { anchor })} />}
    </>
  );
}
