import type { QueryClient } from '@tanstack/react-query';
import { Suspense, type ReactElement } from 'react';
import {
  createRoutesFromElements,
  matchRoutes,
  Navigate,
  Route,
  useLocation,
  useParams,
  useRoutes,
} from 'react-router';
import { base } from './lib/base';
import { asked } from './lib/asked';
import { page, type Ask, type Page } from './lib/page';
import { session } from './lib/api';
import { Administrators, Frame, Projects } from './frame';
import { Results } from './pages/results';
import { RunPage } from './pages/run';
import { Runs } from './pages/runs';
import { Triage } from './pages/triage';
import { Lines } from './parts/states';

// The pages that people mostly come to are part of the first file; these have files of their own.
const Login = page(
  () => import('./pages/login'),
  (file) => file.Login,
);
const SignUp = page(
  () => import('./pages/login'),
  (file) => file.SignUp,
);
const Forgot = page(
  () => import('./pages/login'),
  (file) => file.Forgot,
);
const Reset = page(
  () => import('./pages/login'),
  (file) => file.Reset,
);
const ResultPage = page(
  () => import('./pages/result'),
  (file) => file.ResultPage,
);
const TestPage = page(
  () => import('./pages/test'),
  (file) => file.TestPage,
);
const Tests = page(
  () => import('./pages/tests'),
  (file) => file.Tests,
);
const Compare = page(
  () => import('./pages/compare'),
  (file) => file.Compare,
);
const Imports = page(
  () => import('./pages/imports'),
  (file) => file.Imports,
);
const Dashboards = page(
  () => import('./pages/dashboard'),
  (file) => file.Dashboards,
);
const View = page(
  () => import('./pages/view'),
  (file) => file.View,
);
const Views = page(
  () => import('./pages/view'),
  (file) => file.Views,
);
const Profile = page(
  () => import('./pages/profile'),
  (file) => file.Profile,
);
const Tokens = page(
  () => import('./pages/profile'),
  (file) => file.Tokens,
);
const AdminHome = page(
  () => import('./pages/admin_home'),
  (file) => file.AdminHome,
);
const Users = page(
  () => import('./pages/admin_users'),
  (file) => file.Users,
);
const AdminProjects = page(
  () => import('./pages/admin_projects'),
  (file) => file.AdminProjects,
);
const Jobs = page(
  () => import('./pages/admin_jobs'),
  (file) => file.Jobs,
);
const Retention = page(
  () => import('./pages/admin_retention'),
  (file) => file.Retention,
);
const Start = page(
  () => import('./pages/start'),
  (file) => file.Start,
);
const Members = page(
  () => import('./pages/members'),
  (file) => file.Members,
);
const Audit = page(
  () => import('./pages/admin_audit'),
  (file) => file.Audit,
);
const AdminImports = page(
  () => import('./pages/admin_imports'),
  (file) => file.AdminImports,
);
const Groups = page(
  () => import('./pages/admin_groups'),
  (file) => file.Groups,
);
const Sessions = page(
  () => import('./pages/access'),
  (file) => file.Sessions,
);
const Access = page(
  () => import('./pages/access'),
  (file) => file.Access,
);
const Elsewhere = page(
  () => import('./pages/elsewhere'),
  (file) => file.Elsewhere,
);

function SignedIn() {
  const here = useLocation();
  if (session.get()) return <Frame />;
  const back = here.pathname + here.search + here.hash;
  return (
    <Navigate
      to={'/login' + (back === '/' || back === '/project' ? '' : '?back=' + encodeURIComponent(back))}
      replace
    />
  );
}

SignedIn.ask = (async (client, { project }) => {
  await Promise.all([
    client.prefetchQuery(asked.user()),
    client.prefetchQuery(asked.preferences()),
    project && client.prefetchQuery(asked.project(project)),
    project && client.prefetchQuery(asked.views(project)),
  ]);
}) satisfies Ask;

function Home() {
  return <Navigate to={`/project/${useParams()['project']}/triage`} replace />;
}

const routes = createRoutesFromElements(
  <>
    <Route path="/login" element={<Login />} />
    <Route path="/sign-up" element={<SignUp />} />
    <Route path="/forgot-password" element={<Forgot />} />
    <Route path="/reset-password/:code" element={<Reset />} />
    <Route element={<SignedIn />}>
      <Route path="/project" element={<Projects />} />
      <Route path="/project/:project">
        <Route path="triage" element={<Triage />} />
        <Route path="view" element={<Views />} />
        <Route path="view/:id" element={<View />} />
        <Route path="dashboard" element={<Dashboards />} />
        <Route path="dashboard/:id" element={<Dashboards />} />
        <Route path="runs" element={<Runs />} />
        <Route path="runs/:id" element={<RunPage />} />
        <Route path="results" element={<Results />} />
        <Route path="results/:id" element={<ResultPage />} />
        <Route path="test" element={<TestPage />} />
        <Route path="tests" element={<Tests />} />
        <Route path="compare" element={<Compare />} />
        <Route path="imports" element={<Imports />} />
        <Route path="start" element={<Start />} />
        <Route path="members" element={<Members />} />
        <Route path="*" element={<Home />} />
        <Route index element={<Home />} />
      </Route>
      <Route path="/runs/:id" element={<Elsewhere kind="run" />} />
      <Route path="/results/:id" element={<Elsewhere kind="result" />} />
      <Route path="/admin" element={<Administrators />}>
        <Route path="home" element={<AdminHome />} />
        <Route path="users" element={<Users />} />
        <Route path="users/:id" element={<Users />} />
        <Route path="users/:id/access" element={<Access />} />
        <Route path="groups" element={<Groups />} />
        <Route path="imports" element={<AdminImports />} />
        <Route path="audit" element={<Audit />} />
        <Route path="projects" element={<AdminProjects />} />
        <Route path="projects/:id" element={<AdminProjects />} />
        <Route path="jobs" element={<Jobs />} />
        <Route path="retention" element={<Retention />} />
        <Route path="*" element={<Navigate to="/admin/home" replace />} />
        <Route index element={<Navigate to="/admin/home" replace />} />
      </Route>
      <Route path="/profile" element={<Navigate to="/profile/user" replace />} />
      <Route path="/profile/user" element={<Profile />} />
      <Route path="/profile/tokens" element={<Tokens />} />
      <Route path="/profile/sessions" element={<Sessions />} />
      <Route path="*" element={<Navigate to="/project" replace />} />
    </Route>
  </>,
);

/** patience is how long the first drawing waits for answers, in ms. */
const patience = 300;

/**
 * begin fetches what the address asks for, and leaves a while for the answers to come: a page that is drawn once, as it is to be,
 * is there sooner than one that is drawn empty first. React holds back for 300 ms what takes the place of a placeholder.
 */
export async function begin(client: QueryClient): Promise<void> {
  const late = new Promise((resolve) => setTimeout(resolve, patience));
  const found = (matchRoutes(routes, location, base) ?? []).map(({ route, params }) => ({
    page: (route.element as ReactElement<object, Page> | undefined)?.type,
    params: { project: params['project'] ?? '', id: params['id'] ?? '' },
  }));
  const address = new URLSearchParams(location.search);
  const answers = Promise.allSettled(
    session.get() ? found.map(({ page, params }) => page?.ask?.(client, params, address)) : [],
  );
  await Promise.allSettled(found.map(({ page }) => page?.load?.()));
  await Promise.race([answers, late]);
}

export function App() {
  return <Suspense fallback={<Lines n={4} />}>{useRoutes(routes)}</Suspense>;
}
