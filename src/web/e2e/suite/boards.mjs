// Dashboards with every kind of widget, and the views of a project.
export const pages = ({ project, boards: { board, empty, views, accessible } }) => {
  const base = `/project/${project}`;
  return {
    dashboard: `${base}/dashboard/${board}`,
    'dashboard-empty': `${base}/dashboard/${empty}`,
    'view-jobs': `${base}/view/${views['jenkins-job-view']}`,
    'view-analysis': `${base}/view/${views['jenkins-analysis-view']}?job_name=[eq]payments-nightly`,
    'view-compare': `${base}/view/${views['compare-runs-view']}`,
    'view-accessibility': `${base}/view/${views['accessibility-dashboard-view']}`,
    'view-accessibility-run': `${base}/view/${views['accessibility-analysis-view']}?run_list=${accessible[0]}`,
  };
};
