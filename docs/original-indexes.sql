-- The indexes of Ibutsu 3.1.1 that ours replaces by others, as 3.1.1 makes them. Going back needs none of them to work, some
-- to be fast. CONCURRENTLY, so that the database can be used meanwhile: run it with psql, outside a transaction.

CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_artifacts_filename ON artifacts USING btree (filename);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_artifacts_result_id ON artifacts USING btree (result_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_artifacts_run_id ON artifacts USING btree (run_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_assignee ON results USING btree (((data ->> 'assignee'::text)));
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_classification ON results USING btree (((data ->> 'classification'::text)));
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_component ON results USING btree (component);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_component_env_project ON results USING btree (component, env, project_id, start_time DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_component_start_time_result_project_id ON results USING btree (component, start_time, result, project_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_duration ON results USING btree (duration);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_env ON results USING btree (env);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_exception_name ON results USING btree (((data ->> 'exception_name'::text)));
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_jenkins_build_number ON results USING btree ((((data -> 'jenkins'::text) ->> 'build_number'::text)));
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_jenkins_job_name ON results USING btree ((((data -> 'jenkins'::text) ->> 'job_name'::text)));
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_project_id ON results USING btree (project_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_requirements ON results USING gin (((data -> 'requirements'::text)));
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_result ON results USING btree (result);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_result_satver_project_id_run_id_snapver ON results USING btree (result, ((data ->> 'SatelliteVersion'::text)), project_id, run_id, ((data ->> 'SnapVersion'::text)));
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_run_id ON results USING btree (run_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_source ON results USING btree (source);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_start_time ON results USING btree (start_time);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_tags ON results USING gin (((data -> 'tags'::text)));
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_test_id ON results USING btree (test_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_runs_component ON runs USING btree (component);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_runs_created ON runs USING btree (created);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_runs_duration ON runs USING btree (duration);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_runs_env ON runs USING btree (env);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_runs_jenkins_build_number ON runs USING btree ((((data -> 'jenkins'::text) ->> 'build_number'::text)));
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_runs_jenkins_job_name ON runs USING btree ((((data -> 'jenkins'::text) ->> 'job_name'::text)));
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_runs_pass_percent ON runs USING btree ((((summary ->> 'pass_percent'::text))::integer));
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_runs_project_id ON runs USING btree (project_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_runs_source ON runs USING btree (source);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_runs_summary ON runs USING gin (summary);
