import { Fragment, useState } from 'react';
import { plain } from '../lib/ansi';
import type { Result, Run } from '../lib/api';
import { changed, difference, hunks, type Hunk } from '../lib/difference';
import { count } from '../lib/format';
import { tracebackOf } from './failure';

const signs = { '+': 'plus', '-': 'minus', ' ': '' };

function Lines({ hunk }: { hunk: Hunk }) {
  const [open, setOpen] = useState(!hunk.fold);
  if (!open)
    return (
      <button type="button" className="line fold" onClick={() => setOpen(true)}>
        <span className="number" aria-hidden="true">
          ⋯
        </span>
        {count(hunk.lines.length)} equal lines
      </button>
    );
  return hunk.lines.map((l, n) => (
    <div key={n} className={`line ${signs[l.sign]}`}>
      <span className="number" aria-label={l.sign === '+' ? 'only now' : l.sign === '-' ? 'only before' : undefined}>
        {l.sign}
      </span>
      <code>{l.text}</code>
    </div>
  ));
}

/** TextDifference shows two texts as one, with what is equal folded. */
export function TextDifference({ before, after, label }: { before: string; after: string; label: string }) {
  const lines = difference(plain(before), plain(after));
  if (lines.every((l) => l.sign === ' ')) return <p className="quiet">The {label} is the same, line by line.</p>;
  return (
    <div className="log wrap difference" role="region" aria-label={`Difference of the ${label}`}>
      <div className="log-body" tabIndex={0}>
        {hunks(lines).map((h, n) => (
          <Lines key={n} hunk={h} />
        ))}
      </div>
    </div>
  );
}

/** What is never the same, or is shown as a text. */
const always = /^(run|durations\..*|short_tb|traceback|fail_reason|message|jenkins\.build_url)$/;

const differing = (before: Result | Run, after: Result | Run) => changed(before.metadata, after.metadata, always);

/** MetadataDifference lists the values that two rows do not share, apart from those that are told of elsewhere. */
export function MetadataDifference({
  before,
  after,
  label,
  besides = [],
}: {
  before: Result | Run;
  after: Result | Run;
  label: string;
  besides?: string[];
}) {
  const rows = differing(before, after).filter((r) => !besides.includes(r.path));
  if (rows.length === 0) return <p className="quiet">The metadata of {label} are the same.</p>;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={`What differs in ${label}`}>
      <table className="plain two-sided">
        <thead>
          <tr>
            <th scope="col">{label[0]!.toUpperCase() + label.slice(1)}</th>
            <th scope="col">Before</th>
            <th scope="col">Now</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.path}>
              <th scope="row">
                <Path of={r.path} />
              </th>
              <td>{r.before ?? <span className="quiet">none</span>}</td>
              <td>{r.after ?? <span className="quiet">none</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Path breaks, where it has to, between its members. */
const Path = ({ of }: { of: string }) =>
  of.split('.').map((member, i) => (
    <Fragment key={i}>
      {i > 0 && (
        <>
          .<wbr />
        </>
      )}
      {member}
    </Fragment>
  ));

/** Difference tells how two results of a test differ. */
export function Difference({ before, after, runs }: { before: Result; after: Result; runs?: [Run, Run] | undefined }) {
  const [was, is] = [tracebackOf(before), tracebackOf(after)];
  return (
    <>
      {was && is ? (
        <>
          <h3>Traceback</h3>
          <TextDifference before={was} after={is} label="traceback" />
        </>
      ) : (
        (was || is) && <p className="quiet">Only {is ? 'now' : 'before'} there is a traceback.</p>
      )}
      <h3>What changed</h3>
      {runs && <MetadataDifference before={runs[0]} after={runs[1]} label="the run" />}
      <MetadataDifference
        before={before}
        after={after}
        label="the result"
        besides={runs ? differing(...runs).map((r) => r.path) : []}
      />
    </>
  );
}
