// Administration: what administrators see and change, and what others do not.
import { call } from '../house.mjs';

const as = 'admin';

export const pages = ({ project, user }) => ({
  'admin-home': { path: '/admin/home', as, ready: 'all is well' },
  'admin-users': { path: '/admin/users', as, ready: 'ana@example.com' },
  'admin-user-new': { path: '/admin/users/new', as, ready: 'Make the user' },
  'admin-projects': { path: '/admin/projects', as, ready: 'Payments' },
  'admin-project': { path: `/admin/projects/${project}`, as, ready: 'Dashboard that is shown first' },
  'admin-jobs': { path: '/admin/jobs', as, ready: 'import' },
  'admin-queues': { path: '/admin/jobs#queues', as, ready: 'Pause' },
  'admin-schedule': { path: '/admin/jobs#schedule', as, ready: 'Run now' },
  'admin-workers': { path: '/admin/jobs#workers', as, ready: 'scheduler' },
  'admin-retention': { path: '/admin/retention', as, ready: 'are kept' },
  'admin-access': { path: `/admin/users/${user}/access`, as, ready: 'Access of' },
  'admin-audit': { path: '/admin/audit?object_type=user', as, ready: 'user.' },
  'admin-groups': { path: '/admin/groups', as, ready: 'New group' },
  'admin-imports': { path: '/admin/imports?status=all', as, ready: 'report.xml' },
  'admin-members': { path: `/project/${project}/members`, as, ready: 'ana@example.com' },
  'admin-refused': { path: '/admin/users', ready: 'This is for administrators' },
});

async function people({ page, check, window, settled }) {
  const email = 'ben@example.com';
  await page.goto('/admin/users');
  await page.getByRole('button', { name: 'New user' }).click();
  await page.getByLabel('E-mail', { exact: true }).fill(email);
  await page.getByLabel('Name', { exact: true }).fill('Ben');
  await page.getByLabel('Password').fill('a long enough password');
  await page.getByRole('button', { name: '+ Payments' }).click();
  await page.getByRole('button', { name: 'Make the user' }).click();
  await page.getByText(`${email} can sign in now`).waitFor();
  const { page: his } = await window(null);
  await his.goto('/login');
  await his.getByLabel('E-mail').fill(email);
  await his.getByLabel('Password').fill('a long enough password');
  await his.keyboard.press('Enter');
  await his.getByRole('link', { name: 'Payments' }).first().waitFor();
  await page.getByRole('searchbox', { name: 'Find users' }).fill('ben@');
  await page.getByRole('button', { name: `Delete ${email}` }).click();
  const last = page.getByRole('button', { name: 'Delete user' });
  check(await last.isDisabled(), 'a user can be deleted without her name');
  await page.getByLabel(`Type ${email} to go on`).fill(email);
  await last.click();
  await page.getByText(`${email} is deleted`).waitFor();
  await settled();
  await page.getByText('Nobody is called so').waitFor();
}
people.as = as;

async function projects({ page }) {
  await page.goto('/admin/projects/new');
  await page.getByLabel('Title').fill('Short Lived');
  await page.getByRole('button', { name: 'Make the project' }).click();
  await page.getByRole('button', { name: 'Short Lived', exact: true }).click();
  await page.getByLabel('Title').fill('Shorter Lived');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Delete Shorter Lived' }).click();
  await page.getByLabel('Type short-lived to go on').fill('short-lived');
  await page.getByRole('button', { name: 'Delete project' }).click();
  await page.getByText('short-lived is deleted').waitFor();
}
projects.as = as;

async function steer({ page }) {
  await page.goto('/admin/jobs#queues');
  await page
    .getByRole('button', { name: /^Pause/ })
    .last()
    .click();
  await page.getByText('❚❚ paused').waitFor();
  await page.getByRole('button', { name: /^Go on/ }).click();
  await page.getByText('❚❚ paused').waitFor({ state: 'detached' });
}
steer.as = as;

async function tokenOf(url, email, password) {
  const { token } = await call(url, '', 'POST', '/login', { email, password });
  const expires = new Date(Date.now() + 86400000).toISOString();
  await call(url, token, 'POST', '/user/token', { name: 'pipeline', expires });
}

async function access({ page, made, api, check, url }) {
  const email = 'eve@example.com';
  const eve = await api('POST', '/admin/user', { email, name: 'Eve', password: made.password, is_active: true });
  await tokenOf(url, email, made.password);
  await page.goto(`/project/${made.project}/members`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByText(`${email} is in the project`).waitFor();
  await page.getByLabel(`Role of ${email}`).selectOption('reader');
  await page.getByText(`${email} is reader now`).waitFor();
  await page.goto(`/admin/users/${eve.id}/access`);
  await page.getByRole('heading', { name: 'Access of Eve' }).waitFor();
  await page.getByRole('button', { name: 'Revoke pipeline' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Revoke pipeline' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('pipeline no longer works').waitFor();
  await page.getByText('No tokens.').waitFor();
  await page.getByRole('link', { name: 'What this user has changed' }).click();
  await page.waitForURL('**/admin/audit?actor=*');
  await page.goto('/admin/audit?object_type=member');
  await page.getByText('member.').first().waitFor();
  check((await page.getByText(email).count()) > 0, 'the audit log does not name the member');
}
access.as = as;

export const journeys = {
  'an administrator gives a role, and looks at access and audit': access,
  'an administrator makes a user, who signs in, and deletes him': people,
  'an administrator makes, renames and deletes a project': projects,
  'an administrator pauses a queue and lets it go on': steer,
};
