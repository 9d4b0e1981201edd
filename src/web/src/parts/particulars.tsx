import { Fragment, type ReactNode } from 'react';
import { Link } from 'react-router';
import type { Result } from '../lib/api';
import { duration } from '../lib/format';
import { meta } from '../lib/runs';
import { Icon } from './outcome';

/** Linked makes addresses in a text clickable. */
export function Linked({ text }: { text: string }) {
  const parts = text.split(/(https?:\/\/[^\s<>"')\]]+)/);
  return parts.map((part, n) =>
    n % 2 ? (
      <a key={n} href={part} rel="noreferrer">
        {part}
      </a>
    ) : (
      <Fragment key={n}>{part}</Fragment>
    ),
  );
}

const stages = ['setup', 'call', 'teardown'] as const;
const words = { setup: 'set up', call: 'call', teardown: 'tear down' };

/** outcomeOf reads how a stage ended: pytest tells it as a word, or as a word and whether failing was expected. */
function outcomeOf(status: unknown): string {
  const [word, expected] = Array.isArray(status)
    ? [String(status[0]), status[1] === true]
    : [String(status ?? ''), false];
  if (!expected) return word;
  return word === 'passed' ? 'xpassed' : 'xfailed';
}

/** Stages shows what a test did with its time: setting up, the test itself, tearing down. */
function Stages({ result: r }: { result: Result }) {
  const times = (r.metadata?.['durations'] ?? {}) as Record<string, unknown>;
  const statuses = (r.metadata?.['statuses'] ?? {}) as Record<string, unknown>;
  const shown = stages
    .map((name) => ({ name, seconds: Number(times[name]), status: outcomeOf(statuses[name]) }))
    .filter((s) => Number.isFinite(s.seconds) || s.status);
  if (shown.length === 0) return null;
  return (
    <ul className="plain-list stages">
      {shown.map((s) => (
        <li key={s.name}>
          {s.status && <Icon state={s.status} />} {words[s.name]}
          <span className="sr"> {s.status}</span>
          {Number.isFinite(s.seconds) && <span className="quiet"> {duration(s.seconds)}</span>}
        </li>
      ))}
    </ul>
  );
}

/** Particulars is what else there is to know of a result, as far as it says. */
export function Particulars({ result: r, base }: { result: Result; base: string }) {
  const only = (field: string, value: string | null | undefined) =>
    value && (
      <Link to={`${base}/results?${encodeURIComponent(field)}=${encodeURIComponent(value)}`} title={`Only ${value}`}>
        {value}
      </Link>
    );
  const code = meta(r, 'code_link');
  const reason = ['skip_reason', 'xfail_reason', 'reason'].map((name) => meta(r, name)).find(Boolean);
  const tags = r.metadata?.['tags'] ?? r.metadata?.['markers'];
  const params = Object.entries(r.params ?? {});
  const job = meta(r, 'jenkins.job_name');
  const build = meta(r, 'jenkins.build_number');
  const rows: [string, ReactNode][] = [
    ['Reason', reason && <Linked text={reason} />],
    ['Component', only('component', r.component)],
    ['Environment', only('env', r.env)],
    ['Build', job && only('metadata.jenkins.build_number', build)],
    ['Importance', only('metadata.importance', meta(r, 'importance'))],
    ['Source', only('source', r.source)],
    [
      'Code',
      code &&
        (/^https?:\/\//.test(code) ? (
          <a href={code} rel="noreferrer">
            {code.replace(/^https?:\/\//, '')}
          </a>
        ) : (
          code
        )),
    ],
    [
      'Tags',
      Array.isArray(tags) && tags.length > 0 && (
        <span className="inline-list">
          {tags.map((t) => (
            <span key={String(t)}>{String(t)}</span>
          ))}
        </span>
      ),
    ],
    [
      'Parameters',
      params.length > 0 && (
        <span className="inline-list">
          {params.map(([k, v]) => (
            <span key={k}>
              <span className="quiet">{k}</span> <code>{typeof v === 'object' ? JSON.stringify(v) : String(v)}</code>
            </span>
          ))}
        </span>
      ),
    ],
  ];
  const shown = rows.filter(([, value]) => value);
  return (
    <>
      <Stages result={r} />
      {shown.length > 0 && (
        <dl className="particulars">
          {shown.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}
