import { Button } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { api, type Artifact, type List } from '../lib/api';
import { base } from '../lib/base';
import { count } from '../lib/format';
import { entries } from '../lib/zip';
import { JSONTree } from './json';
import { Empty, Failed, Lines } from './states';
import { Text } from './text';
import './artifacts.css';

type Kind = 'image' | 'video' | 'html' | 'json' | 'zip' | 'binary' | 'text';

const endings: [Kind, RegExp][] = [
  ['image', /\.(png|jpe?g|gif|webp|bmp)$/i],
  ['video', /\.(mp4|webm)$/i],
  ['html', /\.html?$/i],
  ['json', /\.json$/i],
  ['zip', /\.zip$/i],
  ['binary', /\.(gz|tgz|tar|pdf|xlsx?|jar|so|exe)$/i],
];

const kindOf = (name: string): Kind => endings.find(([, pattern]) => pattern.test(name))?.[0] ?? 'text';

export const useArtifacts = (of: { resultId?: string; runId?: string }) =>
  useQuery({
    queryKey: ['artifacts', of],
    queryFn: ({ signal }) => api.get<List<'artifacts', Artifact>>('/artifact', { ...of, pageSize: 100 }, signal),
  });

/** Showcase shows HTML that somebody uploaded where it has no origin, and so gets at nothing of ours (src/api/frontend.go). */
function Showcase({ name, html }: { name: string; html: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    const hear = (e: MessageEvent) => {
      if (e.source === frame.current?.contentWindow && e.data === 'ready')
        frame.current?.contentWindow?.postMessage(html, '*');
    };
    addEventListener('message', hear);
    return () => removeEventListener('message', hear);
  }, [html]);
  return <iframe ref={frame} title={name} sandbox="allow-scripts" src={base + '/showcase'} />;
}

/** Picture fits its place; a click shows it as large as it is. */
function Picture({ name, address }: { name: string; address: string }) {
  const [large, setLarge] = useState(false);
  return (
    <button
      type="button"
      className={`picture${large ? ' large' : ''}`}
      aria-label={large ? `Fit ${name} in` : `Show ${name} as large as it is`}
      onClick={() => setLarge(!large)}
    >
      <img src={address} alt={name} />
    </button>
  );
}

/** JSONView is a tree where the text can be read as JSON, and the text where not. */
function JSONView({ name, text }: { name: string; text: string }) {
  const value = useMemo((): { value: unknown } | null => {
    try {
      return { value: JSON.parse(text) as unknown };
    } catch {
      return null;
    }
  }, [text]);
  const [raw, setRaw] = useState(false);
  if (!value) return <Text text={text} label={name} anchor="A" />;
  return (
    <>
      <Button size="sm" variant="link" isInline onClick={() => setRaw(!raw)}>
        {raw ? 'As a tree' : 'As text'}
      </Button>
      {raw ? (
        <Text text={JSON.stringify(value.value, null, 2)} label={name} anchor="A" />
      ) : (
        <div className="json">
          <JSONTree name={name} value={value.value} />
        </div>
      )}
    </>
  );
}

function Listing({ bytes }: { bytes: Uint8Array }) {
  const found = useMemo(() => entries(bytes), [bytes]);
  if (!found) return <p className="quiet">This archive cannot be read.</p>;
  return (
    <div className="scroll listing" tabIndex={0} role="region" aria-label="What is in the archive">
      <table className="plain">
        <tbody>
          {found.map((e, n) => (
            <tr key={n}>
              <td>
                <code>{e.name}</code>
              </td>
              <td className="actions">{count(e.size)} B</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Content {
  blob: Blob;
  text?: string;
  bytes?: Uint8Array;
}

export function View({ artifact }: { artifact: Artifact }) {
  const name = artifact.filename ?? 'artifact';
  const kind = kindOf(name);
  const { data, error, refetch } = useQuery({
    queryKey: ['artifact', artifact.id],
    staleTime: Infinity,
    queryFn: async ({ signal }): Promise<Content> => {
      const blob = await api.blob(`/artifact/${artifact.id}/download`, signal);
      if (kind === 'zip') return { blob, bytes: new Uint8Array(await blob.arrayBuffer()) };
      return kind === 'text' || kind === 'json' || kind === 'html' ? { blob, text: await blob.text() } : { blob };
    },
  });
  const [address, setAddress] = useState('');
  useEffect(() => {
    if (!data) return;
    const url = URL.createObjectURL(data.blob);
    setAddress(url);
    return () => URL.revokeObjectURL(url);
  }, [data]);
  if (error) return <Failed error={error} what={name} retry={() => void refetch()} />;
  if (!data || !address) return <Lines n={4} />;
  return (
    <div className="artifact">
      <div className="heading">
        <strong>{name}</strong>
        <span className="spring" />
        <a className="pf-v6-c-button pf-m-link pf-m-small" href={address} download={name}>
          Download
        </a>
      </div>
      {kind === 'image' ? (
        <Picture name={name} address={address} />
      ) : kind === 'video' ? (
        <video src={address} controls />
      ) : kind === 'html' ? (
        <Showcase name={name} html={data.text!} />
      ) : kind === 'json' ? (
        <JSONView name={name} text={data.text!} />
      ) : kind === 'zip' ? (
        <Listing bytes={data.bytes!} />
      ) : kind === 'text' ? (
        <Text text={data.text!} label={name} fold anchor="A" />
      ) : (
        <p className="quiet">This kind of file cannot be shown here.</p>
      )}
    </div>
  );
}

export function Artifacts({ of }: { of: { resultId?: string; runId?: string } }) {
  const { data, error, refetch } = useArtifacts(of);
  const [chosen, setChosen] = useState('');
  if (error) return <Failed error={error} what="Artifacts" retry={() => void refetch()} />;
  if (!data) return <Lines n={3} />;
  if (data.artifacts.length === 0)
    return <Empty title="No artifacts">Logs and screenshots that are uploaded show up here.</Empty>;
  const open =
    data.artifacts.find((a) => a.id === chosen) ??
    data.artifacts.find((a) => /\.log$/i.test(a.filename ?? '')) ??
    data.artifacts[0]!;
  return (
    <>
      {data.artifacts.length > 1 && (
        <div className="choices" role="group" aria-label="Artifacts">
          {data.artifacts.map((a) => (
            <button
              key={a.id}
              type="button"
              className="choice"
              aria-pressed={a === open}
              onClick={() => setChosen(a.id!)}
            >
              {a.filename}
            </button>
          ))}
        </div>
      )}
      <View key={open.id} artifact={open} />
    </>
  );
}
