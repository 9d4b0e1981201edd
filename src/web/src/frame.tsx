import { base as root } from './lib/base';
import {
  Button,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadMain,
  MastheadToggle,
  Nav,
  NavItem,
  NavList,
  Page,
  PageSidebar,
  PageSidebarBody,
  PageToggleButton,
  SkipToContent,
} from '@patternfly/react-core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Suspense, useEffect, useRef, useState, type ReactNode } from 'react';
import { Link, Outlet, useLocation, useNavigate, useParams } from 'react-router';
import { api, signOut, type List, type Project, type User } from './lib/api';
import { viewsOf } from './lib/boards';
import { useLive } from './lib/live';
import { HelpSheet, useKeys } from './parts/keys';
import { Empty, Failed, Lines, useTitle } from './parts/states';

export const useUser = () =>
  useQuery({ queryKey: ['user'], queryFn: ({ signal }) => api.get<User>('/user', {}, signal), staleTime: 300000 });

/** The project of the address, and the start of every address in it. */
export function useProject() {
  const project = useParams()['project'] ?? '';
  return { project, base: `/project/${project}` };
}

function Menu({
  label,
  name,
  children,
}: {
  label: ReactNode;
  name: string;
  children: (close: () => void) => ReactNode;
}) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const away = (e: MouseEvent) => {
      if (!box.current?.contains(e.target as Node)) setOpen(false);
    };
    document.addEventListener('mousedown', away);
    return () => document.removeEventListener('mousedown', away);
  }, [open]);
  return (
    <div
      className="menu"
      ref={box}
      onKeyDown={(e) => {
        if (e.key === 'Escape') setOpen(false);
      }}
    >
      <button type="button" className="menu-button" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className="sr">{name}: </span>
        {label}
        <span aria-hidden="true">▾</span>
      </button>
      {open && <div className="menu-list">{children(() => setOpen(false))}</div>}
    </div>
  );
}

const recent = {
  get: (): string[] => {
    try {
      return JSON.parse(localStorage.getItem('projects') ?? '[]') as string[];
    } catch {
      return [];
    }
  },
  add: (id: string) =>
    localStorage.setItem('projects', JSON.stringify([id, ...recent.get().filter((p) => p !== id)].slice(0, 8))),
};

function useProjects(text: string) {
  return useQuery({
    queryKey: ['projects', text],
    queryFn: ({ signal }) =>
      api.get<List<'projects', Project>>(
        '/project',
        { pageSize: 50, filter: text ? [`title%${text.replaceAll(',', '_')}`] : [] },
        signal,
      ),
    placeholderData: keepPreviousData,
  });
}

function ProjectList({ chosen }: { chosen: () => void }) {
  const [text, setText] = useState('');
  const { data, error } = useProjects(text);
  const order = recent.get();
  const rank = (p: Project) => {
    const i = order.indexOf(p.id!);
    return i < 0 ? 99 : i;
  };
  const projects = [...(data?.projects ?? [])].sort(
    (a, b) => rank(a) - rank(b) || (a.title ?? '').localeCompare(b.title ?? ''),
  );
  return (
    <>
      <input
        className="field"
        type="search"
        aria-label="Find a project"
        placeholder="Find a project"
        value={text}
        autoFocus
        onChange={(e) => setText(e.target.value)}
      />
      {error ? <Failed error={error} what="Projects" /> : null}
      {data && projects.length === 0 && (
        <p className="quiet pad">{text ? `No project is called “${text}”.` : 'No projects yet.'}</p>
      )}
      <ul className="plain-list">
        {projects.map((p) => (
          <li key={p.id}>
            <Link to={`/project/${p.id}/triage`} onClick={chosen}>
              {p.title || p.name}
              <span className="quiet"> {p.name}</span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

export function Projects() {
  useTitle('Projects');
  const { data, isPending, error, refetch } = useProjects('');
  if (isPending) return <Lines n={3} />;
  if (error) return <Failed error={error} what="Projects" retry={() => void refetch()} />;
  return (
    <>
      <h1>Choose a project</h1>
      {data.projects.length === 0 ? (
        <Empty title="No projects available">Ask an administrator of this Ibutsu to add you to one.</Empty>
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

function setRoot(key: 'theme' | 'density', value: string) {
  localStorage.setItem(key, value);
  const root = document.documentElement.classList;
  if (key === 'theme') root.toggle('pf-v6-theme-dark', value === 'dark');
  else root.toggle('dense', value === 'dense');
}

export function Frame() {
  const { project, base } = useProject();
  const go = useNavigate();
  const here = useLocation();
  const user = useUser();
  const [help, setHelp] = useState(false);
  const [, redraw] = useState(0);
  const [narrow, setNarrow] = useState(() => matchMedia('(max-width: 75rem)').matches);
  const [side, setSide] = useState(!narrow);
  useEffect(() => {
    const media = matchMedia('(max-width: 75rem)');
    const change = () => {
      setNarrow(media.matches);
      setSide(!media.matches);
    };
    media.addEventListener('change', change);
    return () => media.removeEventListener('change', change);
  }, []);
  useEffect(() => {
    if (narrow) setSide(false);
  }, [here.pathname, narrow]);
  useEffect(() => {
    if (project) recent.add(project);
  }, [project]);
  useLive(project);
  const current = useQuery({
    queryKey: ['project', project],
    queryFn: ({ signal }) => api.get<Project>(`/project/${project}`, {}, signal),
    enabled: !!project,
    staleTime: 60000,
    retry: false,
  });
  const dark = document.documentElement.classList.contains('pf-v6-theme-dark');
  const dense = document.documentElement.classList.contains('dense');
  const jump = (to: string) => () => {
    if (project) void go(base + to);
  };
  useKeys({
    '?': () => setHelp(true),
    'g t': jump('/triage'),
    'g d': jump('/dashboard'),
    'g r': jump('/runs'),
    'g e': jump('/results'),
    'g i': jump('/imports'),
  });

  const item = (to: string, name: string, below = false) => (
    <NavItem
      key={to}
      itemId={to}
      isActive={
        here.pathname === to ||
        (here.pathname.startsWith(to + '/') && !navigable.some((v) => here.pathname.endsWith('/' + v.id)))
      }
      {...(below && { className: 'nav-below' })}
    >
      <Link to={to} aria-current={here.pathname.startsWith(to) ? 'page' : undefined}>
        {name}
      </Link>
    </NavItem>
  );
  const views = useQuery({
    queryKey: ['views', project],
    queryFn: ({ signal }) => viewsOf(project, signal),
    enabled: !!project,
    staleTime: 60000,
    retry: false,
  });
  // The analysis of a job is opened from its job.
  const navigable = (views.data ?? []).filter((v) => v.navigable && v.widget !== 'jenkins-analysis-view');
  const items = project
    ? [
        item(base + '/triage', 'Triage'),
        item(base + '/dashboard', 'Dashboards'),
        item(base + '/runs', 'Runs'),
        item(base + '/results', 'Results'),
        item(base + '/compare', 'Compare'),
        item(base + '/view', 'Views'),
        ...navigable.map((v) => item(`${base}/view/${v.id}`, v.title || 'Untitled', true)),
        item(base + '/imports', 'Imports'),
      ]
    : here.pathname.startsWith('/admin') && user.data?.is_superadmin
      ? [
          item('/admin/home', 'Health'),
          item('/admin/users', 'Users'),
          item('/admin/projects', 'Projects'),
          item('/admin/jobs', 'Jobs'),
          item('/admin/retention', 'Retention'),
        ]
      : here.pathname.startsWith('/profile')
        ? [item('/profile/user', 'Profile'), item('/profile/tokens', 'Tokens')]
        : [];

  return (
    <Page
      masthead={
        <Masthead>
          <MastheadMain>
            {items.length > 0 && (
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
              <Menu
                name="Project"
                label={
                  <span className="clip">
                    {project ? current.data?.title || current.data?.name || 'Project' : 'Choose a project'}
                  </span>
                }
              >
                {(close) => <ProjectList chosen={close} />}
              </Menu>
              <span className="spring" />
              <Button
                variant="plain"
                className="only-wide"
                onClick={() => setHelp(true)}
                aria-label="Keyboard help"
                title="Keyboard help"
              >
                ?
              </Button>
              <Menu
                name="Your account"
                label={<span className="clip">{user.data?.name || user.data?.email || 'Account'}</span>}
              >
                {(close) => (
                  <ul className="plain-list">
                    <li>
                      <Link to="/profile/user" onClick={close}>
                        Profile
                      </Link>
                    </li>
                    <li>
                      <Link to="/profile/tokens" onClick={close}>
                        Tokens
                      </Link>
                    </li>
                    {user.data?.is_superadmin && (
                      <li>
                        <Link to="/admin/home" onClick={close}>
                          Administration
                        </Link>
                      </li>
                    )}
                    <li>
                      <button
                        type="button"
                        onClick={() => {
                          setRoot('theme', dark ? 'light' : 'dark');
                          redraw((n) => n + 1);
                        }}
                      >
                        {dark ? 'Light' : 'Dark'} theme
                      </button>
                    </li>
                    <li>
                      <button
                        type="button"
                        onClick={() => {
                          setRoot('density', dense ? 'roomy' : 'dense');
                          redraw((n) => n + 1);
                        }}
                      >
                        {dense ? 'Roomy' : 'Dense'} tables
                      </button>
                    </li>
                    <li>
                      <a href={root + '/api/ui/'}>API</a>
                    </li>
                    <li>
                      <button
                        type="button"
                        onClick={() => {
                          close();
                          setHelp(true);
                        }}
                      >
                        Keyboard
                      </button>
                    </li>
                    <li>
                      <button type="button" onClick={() => signOut(false)}>
                        Sign out
                      </button>
                    </li>
                  </ul>
                )}
              </Menu>
            </div>
          </MastheadContent>
        </Masthead>
      }
      sidebar={
        items.length > 0 ? (
          <PageSidebar isSidebarOpen={side}>
            <PageSidebarBody>
              <Nav aria-label="Pages">
                <NavList>{items}</NavList>
              </Nav>
            </PageSidebarBody>
          </PageSidebar>
        ) : undefined
      }
      skipToContent={<SkipToContent href="#main">Skip to the content</SkipToContent>}
      mainContainerId="main"
    >
      <div className="content">
        {current.error ? (
          <Empty title="This project is not there for you" actions={<Link to="/project">Choose another project</Link>}>
            It may be gone, or you are not a member of it.
          </Empty>
        ) : (
          <Suspense fallback={<Lines />}>
            <Outlet key={project} />
          </Suspense>
        )}
      </div>
      <HelpSheet open={help} close={() => setHelp(false)} />
    </Page>
  );
}
