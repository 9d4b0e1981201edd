import { Nav, NavItem } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { Link, useLocation } from 'react-router';
import { asked } from '../lib/asked';
import { useProject, useUser } from '../lib/here';

export interface Entry {
  to: string;
  name: string;
  below?: boolean;
}

const administration: Entry[] = [
  { to: '/admin/home', name: 'Health' },
  { to: '/admin/users', name: 'Users' },
  { to: '/admin/projects', name: 'Projects' },
  { to: '/admin/groups', name: 'Groups' },
  { to: '/admin/imports', name: 'Imports' },
  { to: '/admin/jobs', name: 'Jobs' },
  { to: '/admin/retention', name: 'Retention' },
  { to: '/admin/audit', name: 'Audit log' },
];

const own: Entry[] = [
  { to: '/profile/user', name: 'Profile' },
  { to: '/profile/tokens', name: 'Tokens' },
  { to: '/profile/sessions', name: 'Sign-ins' },
];

/** useRail is where one can go from here: the pages of the project, of administration, or one's own. */
export function useRail(): Entry[] {
  const { project, base } = useProject();
  const here = useLocation();
  const user = useUser();
  const views = useQuery({ ...asked.views(project), enabled: !!project });
  if (project) {
    // The analysis of a job is opened from its job.
    const navigable = (views.data ?? []).filter((v) => v.navigable && v.widget !== 'jenkins-analysis-view');
    return [
      { to: `${base}/triage`, name: 'Triage' },
      { to: `${base}/dashboard`, name: 'Dashboards' },
      { to: `${base}/runs`, name: 'Runs' },
      { to: `${base}/results`, name: 'Results' },
      { to: `${base}/tests`, name: 'Tests' },
      { to: `${base}/view`, name: 'Views' },
      ...navigable.map((v) => ({ to: `${base}/view/${v.id}`, name: v.title || 'Untitled', below: true })),
      { to: `${base}/imports`, name: 'Imports' },
    ];
  }
  if (here.pathname.startsWith('/admin')) return user.data?.is_superadmin ? administration : [];
  return here.pathname.startsWith('/profile') ? own : [];
}

export function Rail({ entries }: { entries: Entry[] }) {
  const { pathname } = useLocation();
  // Of several that the address begins with, the longest is the page: a view's, not that of all views.
  const current = entries
    .filter((e) => pathname === e.to || pathname.startsWith(e.to + '/'))
    .toSorted((a, b) => b.to.length - a.to.length)[0]?.to;
  return (
    <Nav aria-label="Pages">
      {/* PatternFly's NavList measures each entry before the first view is drawn. */}
      <ul className="pf-v6-c-nav__list" role="list">
        {entries.map((e) => (
          <NavItem key={e.to} itemId={e.to} isActive={e.to === current} {...(e.below && { className: 'nav-below' })}>
            <Link to={e.to} aria-current={e.to === current ? 'page' : undefined}>
              {e.name}
            </Link>
          </NavItem>
        ))}
      </ul>
    </Nav>
  );
}
