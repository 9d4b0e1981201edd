-- +goose Up
-- What uploads of third parties' importers a worker can read: ends of file names, "" for any name. Backends take such uploads in
-- without knowing the importers themselves. Nothing to rebuild: each worker writes its own.
ALTER TABLE workers ADD COLUMN suffixes text[] NOT NULL DEFAULT '{}';
