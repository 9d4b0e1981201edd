-- The tables of Ibutsu server 3.1.1 (schema revision d18de2b3253f) as its clients, users and databases know them:
-- names, column order, types, defaults and constraint names are the contract of an in-place adoption.
-- Its indexes are not here: 00002_indexes.sql says which of them stay and which give way to better ones.

CREATE TABLE alembic_version (
    version_num character varying(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE groups (
    id uuid NOT NULL,
    name text,
    data jsonb,
    CONSTRAINT groups_pkey PRIMARY KEY (id)
);

CREATE TABLE users (
    id uuid NOT NULL,
    email text NOT NULL,
    _password text,
    name text,
    activation_code text,
    is_superadmin boolean NOT NULL,
    is_active boolean NOT NULL,
    group_id uuid,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_group_id_fkey FOREIGN KEY (group_id) REFERENCES groups (id)
);

CREATE TABLE dashboards (
    id uuid NOT NULL,
    title text,
    description text,
    filters text,
    project_id uuid,
    user_id uuid,
    CONSTRAINT dashboards_pkey PRIMARY KEY (id),
    CONSTRAINT dashboards_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE TABLE projects (
    id uuid NOT NULL,
    name text,
    title text,
    owner_id uuid,
    group_id uuid,
    default_dashboard_id uuid,
    CONSTRAINT projects_pkey PRIMARY KEY (id),
    CONSTRAINT projects_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users (id),
    CONSTRAINT projects_group_id_fkey FOREIGN KEY (group_id) REFERENCES groups (id),
    CONSTRAINT fk_project_default_dashboard FOREIGN KEY (default_dashboard_id) REFERENCES dashboards (id)
);

ALTER TABLE dashboards
    ADD CONSTRAINT fk_dashboards_project_id FOREIGN KEY (project_id) REFERENCES projects (id);

CREATE TABLE widget_configs (
    id uuid NOT NULL,
    project_id uuid,
    dashboard_id uuid,
    title text,
    type text,
    weight integer,
    widget text,
    params jsonb,
    navigable boolean,
    CONSTRAINT widget_configs_pkey PRIMARY KEY (id),
    CONSTRAINT widget_configs_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects (id),
    CONSTRAINT widget_configs_dashboard_id_fkey FOREIGN KEY (dashboard_id) REFERENCES dashboards (id)
);

CREATE TABLE imports (
    id uuid NOT NULL,
    filename text,
    format text,
    data jsonb,
    status text,
    created timestamp without time zone DEFAULT now() NOT NULL,
    CONSTRAINT imports_pkey PRIMARY KEY (id)
);

CREATE TABLE import_files (
    id uuid NOT NULL,
    import_id uuid NOT NULL,
    content bytea,
    CONSTRAINT import_files_pkey PRIMARY KEY (id),
    CONSTRAINT import_files_import_id_fkey FOREIGN KEY (import_id) REFERENCES imports (id) ON DELETE CASCADE
);

CREATE TABLE runs (
    id uuid NOT NULL,
    project_id uuid,
    data jsonb,
    env text,
    component text,
    source text,
    start_time timestamp without time zone NOT NULL,
    duration double precision,
    summary jsonb,
    created timestamp without time zone NOT NULL,
    CONSTRAINT runs_pkey PRIMARY KEY (id),
    CONSTRAINT runs_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects (id)
);

CREATE TABLE results (
    id uuid NOT NULL,
    project_id uuid,
    run_id uuid,
    test_id text,
    result text,
    data jsonb,
    params jsonb,
    duration double precision,
    start_time timestamp without time zone NOT NULL,
    source text,
    env text,
    component text,
    CONSTRAINT results_pkey PRIMARY KEY (id),
    CONSTRAINT results_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects (id),
    CONSTRAINT results_run_id_fkey FOREIGN KEY (run_id) REFERENCES runs (id)
);

CREATE TABLE artifacts (
    id uuid NOT NULL,
    content bytea,
    result_id uuid,
    run_id uuid,
    filename text,
    data jsonb,
    upload_date timestamp without time zone NOT NULL,
    CONSTRAINT artifacts_pkey PRIMARY KEY (id),
    CONSTRAINT artifacts_result_id_fkey FOREIGN KEY (result_id) REFERENCES results (id),
    CONSTRAINT artifacts_run_id_fkey FOREIGN KEY (run_id) REFERENCES runs (id)
);

CREATE TABLE tokens (
    id uuid NOT NULL,
    name text NOT NULL,
    token text NOT NULL,
    expires timestamp without time zone,
    user_id uuid,
    CONSTRAINT tokens_pkey PRIMARY KEY (id),
    CONSTRAINT tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE TABLE users_projects (
    user_id uuid NOT NULL,
    project_id uuid NOT NULL,
    CONSTRAINT users_projects_pkey PRIMARY KEY (user_id, project_id),
    CONSTRAINT users_projects_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT users_projects_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects (id)
);
