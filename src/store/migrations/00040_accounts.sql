-- +goose Up
-- Who is signed in where, who may do what in a project, and who changed what.

-- What a member may do. The original knows no roles and takes everybody who is listed for a member; it writes the columns that
-- it knows, so that what it adds is a member here, too. Nothing to rebuild it from: lost roles are those of members.
ALTER TABLE users_projects ADD COLUMN role text NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'member', 'reader'));

-- The sign-ins that have not ended, one row for each token that a sign-in gave, without the token itself. A token that was
-- made elsewhere with the same key (the original's, before the move) gets its row when it is first seen. Nothing to
-- rebuild: what is lost comes back with the next request, but for revoked sign-ins, which then last until they end.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE, -- SHA-256 of the token
    method text NOT NULL DEFAULT '', -- password, or the name of the provider; empty for a token that was made elsewhere
    created timestamp without time zone NOT NULL,
    expires timestamp without time zone,
    last_used timestamp without time zone NOT NULL,
    client text NOT NULL DEFAULT '', -- the address that it was last used from
    agent text NOT NULL DEFAULT '',
    revoked timestamp without time zone
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);

-- From when on sign-ins of a user count that have no row in sessions: all sign-ins of a user can be ended, those too that no
-- server has seen yet.
CREATE TABLE session_cuts (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    at timestamp without time zone NOT NULL
);

-- When and from where an API token was last used. Comes back by itself with the next use.
CREATE TABLE token_uses (
    token_id uuid PRIMARY KEY REFERENCES tokens (id) ON DELETE CASCADE,
    created timestamp without time zone,
    last_used timestamp without time zone,
    client text NOT NULL DEFAULT '',
    agent text NOT NULL DEFAULT ''
);

-- Whom a sign-in provider means: the account stays the same when the address at the provider changes. Rebuilt by the
-- next sign-in with the verified address.
CREATE TABLE identities (
    provider text NOT NULL,
    subject text NOT NULL, -- the provider's own name for the person, which it never gives to another
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created timestamp without time zone NOT NULL,
    last_used timestamp without time zone NOT NULL,
    PRIMARY KEY (provider, subject)
);
CREATE INDEX ix_identities_user_id ON identities (user_id);

-- Sign-ins that a provider has confirmed and the page has not fetched yet. Rows live a minute and need no rebuilding.
CREATE TABLE sign_in_tickets (
    hash bytea PRIMARY KEY, -- SHA-256 of the ticket
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    method text NOT NULL,
    challenge text NOT NULL, -- what the page's secret must hash to
    created timestamp without time zone NOT NULL
);

-- Who changed what: written by the triggers below in the transaction of the change, whoever makes it, and by the server for
-- what is no row. Cannot be rebuilt.
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamp without time zone NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    actor_id uuid, -- null: nobody who is signed in, or a change past this server
    actor text NOT NULL DEFAULT '', -- the address that the actor had
    client text NOT NULL DEFAULT '',
    request_id text NOT NULL DEFAULT '',
    action text NOT NULL,
    object_type text NOT NULL,
    object_id text NOT NULL DEFAULT '',
    object_name text NOT NULL DEFAULT '',
    project_id uuid,
    changes jsonb NOT NULL DEFAULT '{}' -- {"field": [before, after]}
);
CREATE INDEX ix_audit_at ON audit (at);
CREATE INDEX ix_audit_actor ON audit (actor_id, id);
CREATE INDEX ix_audit_object ON audit (object_type, object_id, id);
CREATE INDEX ix_audit_project ON audit (project_id, id);

-- +goose StatementBegin
CREATE FUNCTION ibutsu_audit() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    kind text := TG_ARGV[0];
    who jsonb := coalesce(nullif(current_setting('ibutsu.actor', true), ''), '{}')::jsonb;
    was jsonb := '{}';
    becomes jsonb := '{}';
    this jsonb;
    difference jsonb;
    named text;
BEGIN
    IF who ? 'silent' THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        was := to_jsonb(OLD);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        becomes := to_jsonb(NEW);
    END IF;
    this := was || becomes;
    -- Secrets are told of, never shown; long values are cut.
    SELECT jsonb_object_agg(CASE key WHEN '_password' THEN 'password' ELSE key END, CASE
               WHEN key IN ('_password', 'token') THEN '["…", "…"]'
               ELSE jsonb_build_array(
                   CASE WHEN length(o.value::text) > 1000 THEN to_jsonb(left(o.value::text, 1000) || '…') ELSE o.value END,
                   CASE WHEN length(n.value::text) > 1000 THEN to_jsonb(left(n.value::text, 1000) || '…') ELSE n.value END) END)
      INTO difference
      FROM jsonb_each(was) o FULL JOIN jsonb_each(becomes) n USING (key)
     WHERE coalesce(o.value, 'null') <> coalesce(n.value, 'null')
       AND key NOT IN ('id', 'activation_code', 'token_hash', 'last_used', 'client', 'agent');
    IF difference IS NULL AND TG_OP = 'UPDATE' THEN
        RETURN NULL;
    END IF;
    named := coalesce(this ->> 'email', this ->> 'name', this ->> 'title', this ->> 'method', '');
    IF kind IN ('member', 'session') THEN
        SELECT email INTO named FROM users WHERE id = (this ->> 'user_id')::uuid;
    END IF;
    INSERT INTO audit (actor_id, actor, client, request_id, action, object_type, object_id, object_name, project_id, changes)
    VALUES ((who ->> 'id')::uuid, coalesce(who ->> 'name', ''), coalesce(who ->> 'client', ''), coalesce(who ->> 'request', ''),
            kind || CASE TG_OP WHEN 'INSERT' THEN '.create' WHEN 'UPDATE' THEN '.update' ELSE '.delete' END,
            kind, coalesce(CASE kind WHEN 'member' THEN this ->> 'user_id' ELSE this ->> 'id' END, ''), coalesce(named, ''),
            CASE kind WHEN 'project' THEN this ->> 'id' ELSE this ->> 'project_id' END::uuid, coalesce(difference, '{}'));
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER ibutsu_audit AFTER INSERT OR UPDATE OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION ibutsu_audit('user');
CREATE TRIGGER ibutsu_audit AFTER INSERT OR UPDATE OR DELETE ON groups FOR EACH ROW EXECUTE FUNCTION ibutsu_audit('group');
CREATE TRIGGER ibutsu_audit AFTER INSERT OR UPDATE OR DELETE ON projects FOR EACH ROW EXECUTE FUNCTION ibutsu_audit('project');
CREATE TRIGGER ibutsu_audit AFTER INSERT OR UPDATE OR DELETE ON users_projects FOR EACH ROW EXECUTE FUNCTION ibutsu_audit('member');
CREATE TRIGGER ibutsu_audit AFTER INSERT OR UPDATE OR DELETE ON dashboards FOR EACH ROW EXECUTE FUNCTION ibutsu_audit('dashboard');
CREATE TRIGGER ibutsu_audit AFTER INSERT OR UPDATE OR DELETE ON widget_configs FOR EACH ROW EXECUTE FUNCTION ibutsu_audit('widget');
-- The one token that each sign-in replaces says no more than the sign-in itself.
CREATE TRIGGER ibutsu_audit AFTER UPDATE OR DELETE ON tokens
    FOR EACH ROW WHEN (old.name <> 'login-token') EXECUTE FUNCTION ibutsu_audit('token');
CREATE TRIGGER ibutsu_audit_made AFTER INSERT ON tokens
    FOR EACH ROW WHEN (new.name <> 'login-token') EXECUTE FUNCTION ibutsu_audit('token');
-- Sign-ins, and their end by hand; not their use, nor that they are tidied away.
CREATE TRIGGER ibutsu_audit_made AFTER INSERT ON sessions
    FOR EACH ROW WHEN (new.method <> '') EXECUTE FUNCTION ibutsu_audit('session');
CREATE TRIGGER ibutsu_audit AFTER UPDATE ON sessions
    FOR EACH ROW WHEN (old.revoked IS DISTINCT FROM new.revoked) EXECUTE FUNCTION ibutsu_audit('session');

-- A sign-in that is ended by hand ends in every process at once.
CREATE TRIGGER ibutsu_identity_changed AFTER UPDATE ON sessions
    FOR EACH ROW WHEN (old.revoked IS DISTINCT FROM new.revoked) EXECUTE FUNCTION ibutsu_identity_changed();
CREATE TRIGGER ibutsu_identity_changed AFTER INSERT OR UPDATE ON session_cuts
    FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_identity_changed();
