import {
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadMain,
  MastheadToggle,
  Page,
  PageSidebar,
  PageSidebarBody,
  PageToggleButton,
  SkipToContent,
} from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { Suspense, useEffect, useState } from 'react';
import { Link, Outlet, useLocation, useNavigate } from 'react-router';
import { AboutDialog } from './head/about';
import { Account } from './head/account';
import { ImportButton, Importing } from './head/importing';
import { Popup } from './head/popup';
import { ProjectList, useProjects } from './head/projects';
import { Rail, useRail } from './head/rail';
import { Search } from './head/search';
import { asked } from './lib/asked';
import { useProject, useUser } from './lib/here';
import { recent } from './lib/kept';
import { useLive } from './lib/live';
import { useArrival } from './parts/arrival';
import { useLook } from './parts/choice';
import { HelpSheet, useKeys } from './parts/keys';
import { Empty, Failed, Lines, useTitle } from './parts/states';

export { useProject, useUser } from './lib/here';

export function Projects() {
  useTitle('Projects');
  const user = useUser();
  const { data, isPending, error, refetch } = useProjects('');
  if (isPending) return <Lines n={3} />;
  if (error) return <Failed error={error} what="Projects" retry={() => void refetch()} />;
  const rules = user.data?.is_superadmin;
  return (
    <>
      <h1>Choose a project</h1>
      {data.projects.length === 0 ? (
        <Empty title="No projects yet" actions={rules && <Link to="/admin/projects/new">Make the first project</Link>}>
          {rules
            ? 'A project is what runs and results belong to, and who may see them. Then it shows how to push to it.'
            : 'Ask an administrator of this Ibutsu to add you to one.'}
        </Empty>
      ) : (
        <div className="panel narrow">
          <ProjectList chosen={() => {}} />
        </div>
      )}
    </>
  );
}

/** Administrators lets nobody else to the pages below it; the server refuses them anyway. */
export function Administrators() {
  const user = useUser();
  if (user.error) return <Failed error={user.error} what="Your account" retry={() => void user.refetch()} />;
  if (!user.data) return <Lines n={3} />;
  return user.data.is_superadmin ? (
    <Outlet />
  ) : (
    <Empty title="This is for administrators" actions={<Link to="/project">Choose a project</Link>}>
      An administrator of this Ibutsu can make you one.
    </Empty>
  );
}

/** useSide opens and closes the rail: it stands where there is room, and elsewhere goes when a page is chosen. */
function useSide(): [boolean, (open: boolean) => void] {
  const here = useLocation();
  const [narrow, setNarrow] = useState(() => matchMedia('(max-width: 75rem)').matches);
  const [open, setOpen] = useState(!narrow);
  useEffect(() => {
    const media = matchMedia('(max-width: 75rem)');
    const change = () => {
      setNarrow(media.matches);
      setOpen(!media.matches);
    };
    media.addEventListener('change', change);
    return () => media.removeEventListener('change', change);
  }, []);
  useEffect(() => {
    if (narrow) setOpen(false);
  }, [here.pathname, narrow]);
  return [open, setOpen];
}

export function Frame() {
  const { project, base } = useProject();
  const go = useNavigate();
  const [help, setHelp] = useState(false);
  const [about, setAbout] = useState(false);
  const [side, setSide] = useSide();
  const entries = useRail();
  useLook();
  useArrival();
  useLive(project);
  useEffect(() => {
    if (project) recent.add(project);
  }, [project]);
  const current = useQuery({ ...asked.project(project), enabled: !!project });
  const user = useUser();
  const jump = (to: string) => () => {
    if (project) void go(base + to);
  };
  useKeys({
    '?': () => setHelp(true),
    'g t': jump('/triage'),
    'g d': jump('/dashboard'),
    'g r': jump('/runs'),
    'g e': jump('/results'),
    'g s': jump('/tests'),
    'g i': jump('/imports'),
    'g p': () => void go('/project'),
    'g a': () => {
      if (user.data?.is_superadmin) void go('/admin/home');
    },
  });
  return (
    <Importing project={current.data ? project : ''}>
      <Page
        masthead={
          <Masthead display={{ default: 'inline' }}>
            <MastheadMain>
              {entries.length > 0 && (
                <MastheadToggle>
                  <PageToggleButton
                    isHamburgerButton
                    isSidebarOpen={side}
                    onSidebarToggle={() => setSide(!side)}
                    aria-label="Navigation"
                  />
                </MastheadToggle>
              )}
              <MastheadBrand>
                <Link to={project ? base + '/triage' : '/project'} className="brand" aria-label="Ibutsu">
                  <img src="/favicon.svg" alt="" width="26" height="26" />
                  <span>Ibutsu</span>
                </Link>
              </MastheadBrand>
            </MastheadMain>
            <MastheadContent>
              <div className="top">
                <Popup
                  name="Project"
                  face={
                    <>
                      <span className="clip">
                        {project ? current.data?.title || current.data?.name || 'Project' : 'Choose a project'}
                      </span>
                      <span aria-hidden="true">▾</span>
                    </>
                  }
                >
                  {(close) => (
                    <>
                      <ProjectList chosen={close} current={project} />
                      {current.data && (
                        <ul className="plain-list menu-foot">
                          <li>
                            <Link to={`${base}/members`} onClick={close}>
                              Members of {current.data.title || current.data.name}
                            </Link>
                          </li>
                        </ul>
                      )}
                    </>
                  )}
                </Popup>
                <span className="spring" />
                <Search />
                {current.data && <ImportButton className="only-wide" />}
                <Account help={() => setHelp(true)} about={() => setAbout(true)} />
              </div>
            </MastheadContent>
          </Masthead>
        }
        sidebar={
          entries.length > 0 ? (
            <PageSidebar isSidebarOpen={side}>
              <PageSidebarBody>
                <Rail entries={entries} />
              </PageSidebarBody>
            </PageSidebar>
          ) : undefined
        }
        skipToContent={<SkipToContent href="#main">Skip to the content</SkipToContent>}
        mainContainerId="main"
      >
        <div className="content">
          {current.error ? (
            <Empty
              title="This project is not there for you"
              actions={<Link to="/project">Choose another project</Link>}
            >
              It may be gone, or you are not a member of it.
            </Empty>
          ) : (
            <Suspense fallback={<Lines />}>
              <Outlet key={project} />
            </Suspense>
          )}
        </div>
        <HelpSheet open={help} close={() => setHelp(false)} />
        {about && <AboutDialog project={current.data ? project : ''} close={() => setAbout(false)} />}
      </Page>
    </Importing>
  );
}
