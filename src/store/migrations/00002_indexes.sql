-- +goose NO TRANSACTION
-- +goose Up
-- The original's lists all ask for one project in the order of time, and it has no index of that shape, but some thirty of single
-- columns, each of which costs every write. Here a few composite ones take their place; docs/upgrade-from-3.1.1.md says how
-- to make the old ones again. CONCURRENTLY, so that an adopted database of millions of rows can be read meanwhile.

CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_project_start ON results (project_id, start_time DESC, id DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_project_test_start ON results (project_id, test_id, start_time DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_run_start ON results (run_id, start_time);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_start ON results USING brin (start_time);
-- The rest hold only the rows that anybody looks for by them: most results pass, and have neither tags nor an exception.
-- What passed is most of the newest rows anyway, so the index by time finds a page of it at once.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_project_result_start ON results (project_id, result, start_time DESC) WHERE result <> 'passed';
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_project_component_start ON results (project_id, component, start_time DESC)
    WHERE component IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_project_job_start ON results (project_id, (data -> 'jenkins' ->> 'job_name'), start_time DESC)
    WHERE (data -> 'jenkins' ->> 'job_name') IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_project_exception_start ON results (project_id, (data ->> 'exception_name'), start_time DESC)
    WHERE (data ->> 'exception_name') IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_classified ON results ((data ->> 'classification')) WHERE (data ->> 'classification') IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_assigned ON results ((data ->> 'assignee')) WHERE (data ->> 'assignee') IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_tagged ON results USING gin ((data -> 'tags')) WHERE (data -> 'tags') IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_required ON results USING gin ((data -> 'requirements')) WHERE (data -> 'requirements') IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS ix_results_tags;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_requirements;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_project_id;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_run_id;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_test_id;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_result;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_duration;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_start_time;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_source;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_env;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_component;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_component_env_project;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_component_start_time_result_project_id;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_result_satver_project_id_run_id_snapver;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_jenkins_job_name;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_jenkins_build_number;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_exception_name;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_assignee;
DROP INDEX CONCURRENTLY IF EXISTS ix_results_classification;

CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_runs_project_start ON runs (project_id, start_time DESC, id DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_runs_project_job_build ON runs
    (project_id, (data -> 'jenkins' ->> 'job_name'), (data -> 'jenkins' ->> 'build_number'), start_time DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_runs_jjn_jbn ON runs ((data -> 'jenkins' ->> 'job_name'), (data -> 'jenkins' ->> 'build_number'));
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_runs_start_time ON runs (start_time);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_runs_tags ON runs USING gin ((data -> 'tags'));
-- No index on summary or duration: they change with every batch of results, and would make each change a new row version
-- in every other index too. ix_runs_pass_percent would even refuse a run whose client sends 85.5.
DROP INDEX CONCURRENTLY IF EXISTS ix_runs_summary;
DROP INDEX CONCURRENTLY IF EXISTS ix_runs_pass_percent;
DROP INDEX CONCURRENTLY IF EXISTS ix_runs_duration;
DROP INDEX CONCURRENTLY IF EXISTS ix_runs_project_id;
DROP INDEX CONCURRENTLY IF EXISTS ix_runs_component;
DROP INDEX CONCURRENTLY IF EXISTS ix_runs_env;
DROP INDEX CONCURRENTLY IF EXISTS ix_runs_source;
DROP INDEX CONCURRENTLY IF EXISTS ix_runs_created;
DROP INDEX CONCURRENTLY IF EXISTS ix_runs_jenkins_job_name;
DROP INDEX CONCURRENTLY IF EXISTS ix_runs_jenkins_build_number;

CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_artifacts_result_filename ON artifacts (result_id, filename) WHERE result_id IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_artifacts_run_filename ON artifacts (run_id, filename) WHERE run_id IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_artifacts_upload_date ON artifacts (upload_date);
DROP INDEX CONCURRENTLY IF EXISTS ix_artifacts_result_id;
DROP INDEX CONCURRENTLY IF EXISTS ix_artifacts_run_id;
DROP INDEX CONCURRENTLY IF EXISTS ix_artifacts_filename;

-- Small tables keep the original's indexes.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_dashboards_project_id ON dashboards (project_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_dashboards_title ON dashboards (title);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_dashboards_user_id ON dashboards (user_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_groups_name ON groups (name);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_import_files_import_id ON import_files (import_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_imports_created ON imports (created);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_imports_filename ON imports (filename);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_imports_format ON imports (format);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_imports_status ON imports (status);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_projects_group_id ON projects (group_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_projects_name ON projects (name);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_projects_owner_id ON projects (owner_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_projects_title ON projects (title);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_tokens_user_id ON tokens (user_id);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix_users_email ON users (email);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_users_group_id ON users (group_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_users_projects_project_id ON users_projects (project_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_widget_configs_dashboard_id ON widget_configs (dashboard_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_widget_configs_navigable ON widget_configs (navigable);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_widget_configs_project_id ON widget_configs (project_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_widget_configs_title ON widget_configs (title);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_widget_configs_type ON widget_configs (type);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_widget_configs_weight ON widget_configs (weight);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_widget_configs_widget ON widget_configs (widget);
