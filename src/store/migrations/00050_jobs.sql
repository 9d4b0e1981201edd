-- +goose Up
-- Who works: a row for each worker and scheduler, which it renews every few seconds, so that administrators see what runs
-- where and in which version. Nothing to rebuild: every process writes its own again, and what is a day old is deleted.
CREATE TABLE workers (
    id text PRIMARY KEY, -- of a worker as in river_job.attempted_by, and the name of its lease
    role text NOT NULL CHECK (role IN ('worker', 'scheduler')),
    version text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    started timestamp without time zone NOT NULL,
    seen timestamp without time zone NOT NULL,
    queues jsonb NOT NULL DEFAULT '{}', -- how many jobs of each queue it works on at a time
    leads boolean NOT NULL DEFAULT false,
    memory bigint NOT NULL DEFAULT 0, -- bytes that its Go runtime holds
    goroutines integer NOT NULL DEFAULT 0
);

-- What an administrator has changed of the schedule, and the job that was added last.
ALTER TABLE schedules
    ADD COLUMN enabled boolean NOT NULL DEFAULT true,
    ADD COLUMN spec text, -- null: as by default
    ADD COLUMN last_job bigint;
