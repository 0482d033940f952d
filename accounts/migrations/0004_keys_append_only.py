from django.db import migrations

FORWARD = """
-- Who could sign for whom never changes: a key is only ever added, and revoked once.
CREATE FUNCTION accounts_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP;
END $$;
CREATE TRIGGER accounts_organisationroot_append_only BEFORE UPDATE OR DELETE ON accounts_organisationroot
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER accounts_organisationroot_no_truncate BEFORE TRUNCATE ON accounts_organisationroot
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER accounts_signingrule_append_only BEFORE UPDATE OR DELETE ON accounts_signingrule
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER accounts_signingrule_no_truncate BEFORE TRUNCATE ON accounts_signingrule
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER accounts_votingkey_kept BEFORE DELETE ON accounts_votingkey
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER accounts_votingkey_no_truncate BEFORE TRUNCATE ON accounts_votingkey
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();

CREATE FUNCTION accounts_votingkey_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - 'revoked_at' - 'revoked_by') IS DISTINCT FROM (to_jsonb(OLD) - 'revoked_at' - 'revoked_by') THEN
        RAISE EXCEPTION 'key % is on record as it was enrolled', OLD.key_id;
    END IF;
    IF OLD.revoked_at IS NOT NULL AND (NEW.revoked_at, NEW.revoked_by) IS DISTINCT FROM (OLD.revoked_at, OLD.revoked_by) THEN
        RAISE EXCEPTION 'key % is revoked for good', OLD.key_id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_votingkey_frozen BEFORE UPDATE ON accounts_votingkey
    FOR EACH ROW EXECUTE FUNCTION accounts_votingkey_frozen();
"""

BACKWARD = """
DROP TRIGGER accounts_votingkey_frozen ON accounts_votingkey;
DROP FUNCTION accounts_votingkey_frozen();
DROP TRIGGER accounts_votingkey_no_truncate ON accounts_votingkey;
DROP TRIGGER accounts_votingkey_kept ON accounts_votingkey;
DROP TRIGGER accounts_signingrule_no_truncate ON accounts_signingrule;
DROP TRIGGER accounts_signingrule_append_only ON accounts_signingrule;
DROP TRIGGER accounts_organisationroot_no_truncate ON accounts_organisationroot;
DROP TRIGGER accounts_organisationroot_append_only ON accounts_organisationroot;
DROP FUNCTION accounts_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_voting_keys")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
