// Signing in, and what strangers see.
export const pages = () => ({
  login: { path: '/login', as: null },
  'login-alert': { path: '/login?st=success&msg=Your+account+is+active.', as: null, ready: 'Your account is active.' },
  'sign-up': { path: '/sign-up', as: null },
  'forgot-password': { path: '/forgot-password', as: null },
  'reset-password': { path: '/reset-password/abc', as: null },
});

async function followed({ page, made }) {
  const link = `/project/${made.project}/results/${made.failures[0]}`;
  await page.goto(link);
  await page.getByLabel('E-mail').fill(made.email);
  await page.getByLabel('Password').fill(made.password);
  await page.keyboard.press('Enter');
  await page.waitForURL('**' + link);
}
followed.as = null;

async function expired({ page, made, allow }) {
  allow(/401/);
  await page.goto('/login');
  await page.evaluate(() => localStorage.setItem('user', JSON.stringify({ email: 'x', token: 'gone' })));
  await page.goto(`/project/${made.project}/runs`);
  await page.waitForURL('**/login?back=*');
}
expired.as = null;

export const journeys = {
  'somebody follows a link, signs in and is where the link leads': followed,
  'an expired token asks to sign in again': expired,
};
