from django.db import migrations

FORWARD = """
-- The position is given at COMMIT: the lock on the head row lives only that long, commit order is log order, and no
-- code can forget or choose a position.
CREATE FUNCTION ledger_give_position() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE position bigint;
BEGIN
    INSERT INTO ledger_head AS head (id, size) VALUES (1, 1)
        ON CONFLICT (id) DO UPDATE SET size = head.size + 1 RETURNING size - 1 INTO STRICT position;
    INSERT INTO ledger_leaf (index, entry_id, hash) VALUES (position, NEW.id, sha256('\\x00'::bytea || NEW.data));
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_position AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_give_position();

CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record is append-only: % on % is refused', TG_OP, TG_TABLE_NAME;
END $$;
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_entry_no_truncate BEFORE TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_leaf_append_only BEFORE UPDATE OR DELETE ON ledger_leaf
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_leaf_no_truncate BEFORE TRUNCATE ON ledger_leaf
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
"""

BACKWARD = """
DROP TRIGGER ledger_leaf_no_truncate ON ledger_leaf;
DROP TRIGGER ledger_entry_no_truncate ON ledger_entry;
DROP TRIGGER ledger_leaf_append_only ON ledger_leaf;
DROP TRIGGER ledger_entry_append_only ON ledger_entry;
DROP FUNCTION ledger_append_only();
DROP TRIGGER ledger_position ON ledger_entry;
DROP FUNCTION ledger_give_position();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
