-- How far back what was told is still there, and leave to delete the oldest changes of the audit.

CREATE TABLE retention (
    what   text PRIMARY KEY,              -- a rule of `python -m sql retain`
    before timestamptz NOT NULL,          -- what is older is gone, or is about to be; it only ever moves on
    ran_at timestamptz NOT NULL DEFAULT now(),
    rows   bigint NOT NULL DEFAULT 0      -- deleted or emptied so far
);
COMMENT ON TABLE retention IS 'How far back what was told is still there: rows before it are no more counted anew, and events of then change nothing.';

-- Who may delete at all, the accounts decide; this keeps what is young from them too.
CREATE FUNCTION refuse_young_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.changed_at > now() - interval '2 years' THEN
        RAISE EXCEPTION 'rows of % are kept for two years at least', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END
$$;
DROP TRIGGER audit_is_append_only ON audit;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_keeps_what_is_young BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_young_deletion();
CREATE FUNCTION refuse_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('city311.retention', true) IS DISTINCT FROM 'audit' THEN
        RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER audit_is_deleted_by_retention_alone BEFORE DELETE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_deletion();
