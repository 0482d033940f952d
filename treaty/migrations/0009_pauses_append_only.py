from django.db import migrations

FORWARD = """
-- What was concluded, determined, said and moved never changes: a correction is a new row.
CREATE TRIGGER treaty_verification_append_only BEFORE UPDATE OR DELETE ON treaty_verification
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_verification_no_truncate BEFORE TRUNCATE ON treaty_verification
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_casestep_append_only BEFORE UPDATE OR DELETE ON treaty_casestep
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_casestep_no_truncate BEFORE TRUNCATE ON treaty_casestep
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_deadlineextension_append_only BEFORE UPDATE OR DELETE ON treaty_deadlineextension
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_deadlineextension_no_truncate BEFORE TRUNCATE ON treaty_deadlineextension
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();

-- A determination may be tainted later, and never otherwise changed; the terms of a pause are frozen with its vote.
CREATE FUNCTION treaty_determination_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.pause_id, NEW.criterion, NEW.body_id, NEW.met, NEW.basis, NEW.salt, NEW.determined_at, NEW.expires_at)
       IS DISTINCT FROM
       (OLD.pause_id, OLD.criterion, OLD.body_id, OLD.met, OLD.basis, OLD.salt, OLD.determined_at, OLD.expires_at) THEN
        RAISE EXCEPTION 'a determination is superseded, never edited';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER treaty_determination_frozen BEFORE UPDATE ON treaty_determination
    FOR EACH ROW EXECUTE FUNCTION treaty_determination_frozen();
CREATE TRIGGER treaty_determination_kept BEFORE DELETE ON treaty_determination
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_determination_no_truncate BEFORE TRUNCATE ON treaty_determination
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE FUNCTION treaty_pause_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.key, NEW.level, NEW.vote_id, NEW.text_id, NEW.parameters, NEW.emergency, NEW.adopted_at, NEW.activating_at)
       IS DISTINCT FROM
       (OLD.key, OLD.level, OLD.vote_id, OLD.text_id, OLD.parameters, OLD.emergency, OLD.adopted_at, OLD.activating_at) THEN
        RAISE EXCEPTION 'the terms of pause % are frozen with its vote', OLD.key;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER treaty_pause_frozen BEFORE UPDATE ON treaty_pause
    FOR EACH ROW EXECUTE FUNCTION treaty_pause_frozen();
"""

BACKWARD = """
DROP TRIGGER treaty_pause_frozen ON treaty_pause;
DROP FUNCTION treaty_pause_frozen();
DROP TRIGGER treaty_determination_no_truncate ON treaty_determination;
DROP TRIGGER treaty_determination_kept ON treaty_determination;
DROP TRIGGER treaty_determination_frozen ON treaty_determination;
DROP FUNCTION treaty_determination_frozen();
DROP TRIGGER treaty_deadlineextension_no_truncate ON treaty_deadlineextension;
DROP TRIGGER treaty_deadlineextension_append_only ON treaty_deadlineextension;
DROP TRIGGER treaty_casestep_no_truncate ON treaty_casestep;
DROP TRIGGER treaty_casestep_append_only ON treaty_casestep;
DROP TRIGGER treaty_verification_no_truncate ON treaty_verification;
DROP TRIGGER treaty_verification_append_only ON treaty_verification;
"""


class Migration(migrations.Migration):
    dependencies = [("treaty", "0008_ballot_content")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
