import { Modal, ModalBody, ModalHeader } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../lib/api';
import { base } from '../lib/base';
import type { components } from '../lib/schema';
import { Failed, Lines } from '../parts/states';

const source = 'https://github.com/ibutsu/ibutsu-go';

type About = components['schemas']['About'];

const kept = (days: number): string => (days === 0 ? 'for ever' : days === 1 ? 'one day' : `${days} days`);

/** About says what this is, where to read more, and how long things are kept here. */
export function AboutDialog({ project, close }: { project: string; close: () => void }) {
  const about = useQuery({
    queryKey: ['about', project],
    queryFn: ({ signal }) => api.get<About>('/about', { project }, signal),
    staleTime: 60000,
  });
  return (
    <Modal variant="small" isOpen onClose={close} aria-label="About Ibutsu">
      <ModalHeader title="About Ibutsu" />
      <ModalBody tabIndex={0}>
        <p>Ibutsu keeps the results of tests and helps to find out why they fail.</p>
        {about.error ? (
          <Failed error={about.error} what="The version" retry={() => void about.refetch()} />
        ) : !about.data ? (
          <Lines n={3} />
        ) : (
          <dl className="keys">
            <Fact name="Version">{about.data.version}, with the API of Ibutsu 3.1.1</Fact>
            <Fact name="Licence">MIT</Fact>
            <Fact name={project ? 'Kept in this project' : 'Kept here'}>
              runs {kept(about.data.runs_days)}, results {kept(about.data.results_days)}, artifacts{' '}
              {kept(about.data.artifacts_days)}, imports {kept(about.data.imports_days)}. A pinned run stays with all
              that it has.
            </Fact>
            <Fact name="API">
              <a href={base + '/api/ui/'}>the contract, to try out</a> ·{' '}
              <a href={base + '/api/openapi.json'}>as OpenAPI</a>
            </Fact>
            <Fact name="Source">
              <a href={source} rel="noreferrer">
                {source.replace('https://', '')}
              </a>
            </Fact>
            <Fact name="Documentation">
              <a href={source + '/tree/main/docs'} rel="noreferrer">
                how to run it, and how to move to it
              </a>
            </Fact>
          </dl>
        )}
      </ModalBody>
    </Modal>
  );
}

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
