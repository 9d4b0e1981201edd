import { Button } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { useProject } from '../frame';
import { ImportButton } from '../head/importing';
import { api, type List, type Run, type Token } from '../lib/api';
import { base as root } from '../lib/base';
import { titleOf } from '../lib/runs';
import { says } from '../parts/form';
import { Tabs, useTab } from '../parts/tabs';
import { Copy, Failed, Time, useTitle } from '../parts/states';
import { useToast } from '../parts/toast';

interface Way {
  id: string;
  name: string;
  needs?: string;
  commands: (server: string, project: string, token: string) => string;
  says: string;
}

const ways: Way[] = [
  {
    id: 'pytest',
    name: 'pytest',
    needs: 'pip install pytest-ibutsu',
    commands: (server, project, token) =>
      `pytest --ibutsu ${server} \\\n  --ibutsu-project ${project} \\\n  --ibutsu-token ${token}`,
    says: 'The plugin pushes each result as the test ends, with its traceback and log.',
  },
  {
    id: 'junit',
    name: 'JUnit XML',
    commands: (server, project, token) =>
      `curl -H "Authorization: Bearer ${token}" \\\n  -F project=${project} -F importFile=@results.xml \\\n  ${server}/import`,
    says: 'Any tool that writes JUnit XML will do. A worker reads the file; what it makes of it stands below Imports.',
  },
  {
    id: 'playwright',
    name: 'Playwright',
    commands: (server, project, token) =>
      `PLAYWRIGHT_JUNIT_OUTPUT_NAME=results.xml npx playwright test --reporter=junit\ncurl -H "Authorization: Bearer ${token}" \\\n  -F project=${project} -F importFile=@results.xml \\\n  ${server}/import`,
    says: 'Its own JUnit reporter is enough to begin with. An archive that playwright-ibutsu writes is sent the same way.',
  },
  {
    id: 'push',
    name: 'ibutsu push',
    commands: (server, project, token) =>
      `IBUTSU_TOKEN=${token} ibutsu push \\\n  --server ${server} \\\n  --project ${project} \\\n  results.xml`,
    says: 'The program of this server sends files, too, waits until they are read, and keeps for later what cannot be sent now.',
  },
  {
    id: 'python',
    name: 'Python client',
    needs: 'pip install ibutsu-client',
    commands: (server, project, token) =>
      `from ibutsu_client import ApiClient, Configuration\nfrom ibutsu_client.api import RunApi\n\nclient = ApiClient(Configuration(host="${server}", access_token="${token}"))\nrun = RunApi(client).add_run({"metadata": {"project": "${project}", "component": "api", "env": "qa"}})\nprint(run.id)`,
    says: 'For what no reporter knows: runs, results and artifacts of your own making.',
  },
];

/** Start shows how the first run comes here, and notices when it does. */
export function Start() {
  useTitle('Push results');
  const { project, base } = useProject();
  const client = useQueryClient();
  const toast = useToast();
  const [token, setToken] = useState<Token | null>(null);
  const [busy, setBusy] = useState(false);
  const [tab, choose] = useTab(ways.map((w) => w.id));
  // What is there before is no arrival.
  const newest = useQuery({
    queryKey: ['runs', 'newest', project],
    queryFn: ({ signal }) =>
      api.get<List<'runs', Run>>('/run', { filter: [`project_id=${project}`], pageSize: 1 }, signal),
    refetchInterval: 5000,
  });
  const [before, setBefore] = useState<string | null | undefined>(undefined);
  const run = newest.data?.runs[0];
  if (newest.data && before === undefined) setBefore(run?.id ?? null);
  const arrived = before !== undefined && run && run.id !== before ? run : null;
  const make = async () => {
    setBusy(true);
    try {
      const expires = new Date(Date.now() + 90 * 86400000).toISOString();
      const name = `first push, ${new Date().toISOString().slice(0, 16).replace('T', ' ')}`;
      setToken(await api.post<Token>('/user/token', { name, expires }));
      await client.invalidateQueries({ queryKey: ['tokens'] });
    } catch (e) {
      toast('No token was made', { kind: 'danger', body: says(e) });
    }
    setBusy(false);
  };
  const way = ways.find((w) => w.id === tab)!;
  const server = location.origin + root + '/api';
  const command = way.commands(server, project, token?.token ?? '$IBUTSU_TOKEN');
  return (
    <div className="start">
      <h1>Push results</h1>
      <div className={`panel arrival${arrived ? ' arrived' : ''}`} role="status">
        {newest.error ? (
          <Failed error={newest.error} what="The newest run" retry={() => void newest.refetch()} />
        ) : arrived ? (
          <>
            <span className="text-passed">✓ It is here:</span>{' '}
            <Link to={`${base}/runs/${arrived.id}`}>{titleOf(arrived)}</Link>{' '}
            <span className="quiet">
              <Time at={arrived.start_time} />
            </span>
          </>
        ) : (
          <span className="quiet">
            {run ? 'Waiting for a new run.' : 'Nothing has been pushed here yet.'} This page notices when one arrives.
          </span>
        )}
      </div>
      <ol className="steps">
        <li>
          <h2>A token</h2>
          {token ? (
            <>
              <p>
                Yours, until <Time at={token.expires} /> comes. It stands in the commands below, and is not shown again:
                keep it where your pipeline keeps secrets.
              </p>
              <p className="command">
                <code className="break">{token.token}</code>
                <Copy text={token.token ?? ''} label="Copy the token" />
              </p>
            </>
          ) : (
            <p>
              <Button size="sm" isLoading={busy} isDisabled={busy} onClick={() => void make()}>
                Make a token for these commands
              </Button>{' '}
              <span className="quiet">
                It works for 90 days. You have one already? Put it into <code>IBUTSU_TOKEN</code>.
              </span>
            </p>
          )}
        </li>
        <li>
          <h2>A push</h2>
          <Tabs tab={tab} choose={choose} tabs={ways.map((w) => [w.id, w.name])} />
          <p className="quiet">{way.says}</p>
          {way.needs && <Command text={way.needs} />}
          <Command text={command} />
        </li>
      </ol>
      <p className="facts">
        Or from here: <ImportButton />
        <span className="quiet">JUnit XML or an archive, which can also be dropped anywhere on the page.</span>
      </p>
    </div>
  );
}

const Command = ({ text }: { text: string }) => (
  <div className="command block">
    <pre tabIndex={0} aria-label="Command">
      {text}
    </pre>
    <Copy text={text} label="Copy the command" />
  </div>
);
