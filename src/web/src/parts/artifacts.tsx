import { Button } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { api, type Artifact, type List } from '../lib/api';
import { base } from '../lib/base';
import { Empty, Failed, Lines } from './states';
import { Text } from './text';

const kinds = {
  image: /\.(png|jpe?g|gif|webp|bmp)$/i,
  video: /\.(mp4|webm)$/i,
  html: /\.html?$/i,
  binary: /\.(zip|gz|tgz|tar|pdf|xlsx?)$/i,
};

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

export function View({ artifact }: { artifact: Artifact }) {
  const name = artifact.filename ?? 'artifact';
  const { data, error, refetch } = useQuery({
    queryKey: ['artifact', artifact.id],
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const blob = await api.blob(`/artifact/${artifact.id}/download`, signal);
      return kinds.image.test(name) || kinds.video.test(name) || kinds.binary.test(name)
        ? { blob }
        : { blob, text: await blob.text() };
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
      {kinds.image.test(name) ? (
        <img src={address} alt={name} />
      ) : kinds.video.test(name) ? (
        <video src={address} controls />
      ) : kinds.html.test(name) && data.text != null ? (
        <Showcase name={name} html={data.text} />
      ) : data.text != null ? (
        <Text text={data.text} label={name} />
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
    data.artifacts.find((a) => /trace|\.log$/i.test(a.filename ?? '')) ??
    data.artifacts[0]!;
  return (
    <>
      {data.artifacts.length > 1 && (
        <div className="choices">
          {data.artifacts.map((a) => (
            <Button
              key={a.id}
              size="sm"
              variant={a === open ? 'primary' : 'secondary'}
              aria-pressed={a === open}
              onClick={() => setChosen(a.id!)}
            >
              {a.filename}
            </Button>
          ))}
        </div>
      )}
      <View key={open.id} artifact={open} />
    </>
  );
}
