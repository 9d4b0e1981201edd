import { lazy, Suspense } from 'react';
import { Navigate, Route, Routes, useLocation, useParams } from 'react-router';
import { session } from './lib/api';
import { Administrators, Frame, Projects } from './frame';
import { Lines } from './parts/states';

const Login = lazy(() => import('./pages/login').then((m) => ({ default: m.Login })));
const SignUp = lazy(() => import('./pages/login').then((m) => ({ default: m.SignUp })));
const Forgot = lazy(() => import('./pages/login').then((m) => ({ default: m.Forgot })));
const Reset = lazy(() => import('./pages/login').then((m) => ({ default: m.Reset })));
const Triage = lazy(() => import('./pages/triage').then((m) => ({ default: m.Triage })));
const Runs = lazy(() => import('./pages/runs').then((m) => ({ default: m.Runs })));
const RunPage = lazy(() => import('./pages/run').then((m) => ({ default: m.RunPage })));
const Results = lazy(() => import('./pages/results').then((m) => ({ default: m.Results })));
const ResultPage = lazy(() => import('./pages/result').then((m) => ({ default: m.ResultPage })));
const TestPage = lazy(() => import('./pages/test').then((m) => ({ default: m.TestPage })));
const Tests = lazy(() => import('./pages/tests').then((m) => ({ default: m.Tests })));
const Compare = lazy(() => import('./pages/compare').then((m) => ({ default: m.Compare })));
const Imports = lazy(() => import('./pages/imports').then((m) => ({ default: m.Imports })));
const Dashboards = lazy(() => import('./pages/dashboard').then((m) => ({ default: m.Dashboards })));
const View = lazy(() => import('./pages/view').then((m) => ({ default: m.View })));
const Views = lazy(() => import('./pages/view').then((m) => ({ default: m.Views })));
const Profile = lazy(() => import('./pages/profile').then((m) => ({ default: m.Profile })));
const Tokens = lazy(() => import('./pages/profile').then((m) => ({ default: m.Tokens })));
const AdminHome = lazy(() => import('./pages/admin_home').then((m) => ({ default: m.AdminHome })));
const Users = lazy(() => import('./pages/admin_users').then((m) => ({ default: m.Users })));
const AdminProjects = lazy(() => import('./pages/admin_projects').then((m) => ({ default: m.AdminProjects })));
const Jobs = lazy(() => import('./pages/admin_jobs').then((m) => ({ default: m.Jobs })));
const Retention = lazy(() => import('./pages/admin_retention').then((m) => ({ default: m.Retention })));
const Start = lazy(() => import('./pages/start').then((m) => ({ default: m.Start })));
const Members = lazy(() => import('./pages/members').then((m) => ({ default: m.Members })));
const Audit = lazy(() => import('./pages/admin_audit').then((m) => ({ default: m.Audit })));
const AdminImports = lazy(() => import('./pages/admin_imports').then((m) => ({ default: m.AdminImports })));
const Groups = lazy(() => import('./pages/admin_groups').then((m) => ({ default: m.Groups })));
const Sessions = lazy(() => import('./pages/access').then((m) => ({ default: m.Sessions })));
const Access = lazy(() => import('./pages/access').then((m) => ({ default: m.Access })));
const Elsewhere = lazy(() => import('./pages/elsewhere').then((m) => ({ default: m.Elsewhere })));

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

function Home() {
  return <Navigate to={`/project/${useParams()['project']}/triage`} replace />;
}

export function App() {
  return (
    <Suspense fallback={<Lines n={4} />}>
      <Routes>
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
      </Routes>
    </Suspense>
  );
}
