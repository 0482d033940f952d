from django.db import migrations

FORWARD = """
-- What was cast and who was entitled never changes: a correction is a new ballot, a changed roll is a new vote.
CREATE FUNCTION treaty_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP;
END $$;
CREATE TRIGGER treaty_ballot_append_only BEFORE UPDATE OR DELETE ON treaty_ballot
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_ballot_no_truncate BEFORE TRUNCATE ON treaty_ballot
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_rollentry_append_only BEFORE UPDATE OR DELETE ON treaty_rollentry
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_rollentry_no_truncate BEFORE TRUNCATE ON treaty_rollentry
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();

-- The frozen part of a vote, and an outcome once it is written.
CREATE FUNCTION treaty_vote_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.key, NEW.decision, NEW.profile_key, NEW.title, NEW.question, NEW.subject, NEW.profile, NEW.profile_hash, NEW.roll_hash,
        NEW.text_id, NEW.requester_id, NEW.subject_organisation_id, NEW.noticed_at, NEW.opens_at)
       IS DISTINCT FROM
       (OLD.key, OLD.decision, OLD.profile_key, OLD.title, OLD.question, OLD.subject, OLD.profile, OLD.profile_hash, OLD.roll_hash,
        OLD.text_id, OLD.requester_id, OLD.subject_organisation_id, OLD.noticed_at, OLD.opens_at) THEN
        RAISE EXCEPTION 'vote % is frozen since its notice', OLD.key;
    END IF;
    IF OLD.closed_at IS NOT NULL AND (NEW.closed_at, NEW.outcome, NEW.reason, NEW.tally) IS DISTINCT FROM (OLD.closed_at, OLD.outcome, OLD.reason, OLD.tally) THEN
        RAISE EXCEPTION 'vote % has closed: its outcome stands', OLD.key;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER treaty_vote_frozen BEFORE UPDATE ON treaty_vote
    FOR EACH ROW EXECUTE FUNCTION treaty_vote_frozen();
"""

BACKWARD = """
DROP TRIGGER treaty_vote_frozen ON treaty_vote;
DROP FUNCTION treaty_vote_frozen();
DROP TRIGGER treaty_rollentry_no_truncate ON treaty_rollentry;
DROP TRIGGER treaty_rollentry_append_only ON treaty_rollentry;
DROP TRIGGER treaty_ballot_no_truncate ON treaty_ballot;
DROP TRIGGER treaty_ballot_append_only ON treaty_ballot;
DROP FUNCTION treaty_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("treaty", "0002_withdrawal_statement")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
