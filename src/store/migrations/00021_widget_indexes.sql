-- +goose NO TRANSACTION
-- +goose Up
-- The importance widget asks for the builds of a job, and for what one component has in them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_project_job_build ON results
    (project_id, (data -> 'jenkins' ->> 'job_name'), (data -> 'jenkins' ->> 'build_number'), component)
    WHERE (data -> 'jenkins' ->> 'build_number') IS NOT NULL;
