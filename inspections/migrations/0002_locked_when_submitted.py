from django.db import migrations

APPEND_ONLY = ("plan", "accessrecord", "reportsignature", "reportcomment", "findingstep")
NEVER_EMPTIED = (*APPEND_ONLY, "report", "finding", "evidence", "visitinspector")

FORWARD = """
-- A submitted report is what was signed: not a word of it, its findings or its evidence changes afterwards. Where a finding
-- stands now is beside what was filed, and alone may move.
CREATE FUNCTION inspections_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: these rows are only ever added', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION inspections_report_locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'submitted' THEN
        RAISE EXCEPTION 'report % is submitted: % is refused', OLD.id, TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER inspections_report_locked BEFORE UPDATE OR DELETE ON inspections_report
    FOR EACH ROW EXECUTE FUNCTION inspections_report_locked();

CREATE FUNCTION inspections_part_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parts bigint[];
    same jsonb;
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'inspections_finding' THEN
        same := to_jsonb(OLD) - 'state';
        IF same = to_jsonb(NEW) - 'state' THEN
            RETURN NEW;
        END IF;
    END IF;
    parts := CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.report_id] WHEN 'DELETE' THEN ARRAY[OLD.report_id]
        ELSE ARRAY[OLD.report_id, NEW.report_id] END;
    IF EXISTS (SELECT FROM inspections_report WHERE id = ANY (parts) AND state = 'submitted') THEN
        RAISE EXCEPTION 'the report of this % is submitted: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER inspections_finding_locked BEFORE INSERT OR UPDATE OR DELETE ON inspections_finding
    FOR EACH ROW EXECUTE FUNCTION inspections_part_locked();
CREATE TRIGGER inspections_evidence_locked BEFORE INSERT OR UPDATE OR DELETE ON inspections_evidence
    FOR EACH ROW EXECUTE FUNCTION inspections_part_locked();
CREATE TRIGGER inspections_reportsignature_locked BEFORE INSERT ON inspections_reportsignature
    FOR EACH ROW EXECUTE FUNCTION inspections_part_locked();
""" + "".join(
    f"""
CREATE TRIGGER inspections_{table}_append_only BEFORE UPDATE OR DELETE ON inspections_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
"""
    for table in APPEND_ONLY
) + "".join(
    f"""
CREATE TRIGGER inspections_{table}_no_truncate BEFORE TRUNCATE ON inspections_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
"""
    for table in NEVER_EMPTIED
)

BACKWARD = "".join(
    f"DROP TRIGGER inspections_{table}_no_truncate ON inspections_{table};\n" for table in NEVER_EMPTIED
) + "".join(f"DROP TRIGGER inspections_{table}_append_only ON inspections_{table};\n" for table in APPEND_ONLY) + """
DROP TRIGGER inspections_reportsignature_locked ON inspections_reportsignature;
DROP TRIGGER inspections_evidence_locked ON inspections_evidence;
DROP TRIGGER inspections_finding_locked ON inspections_finding;
DROP FUNCTION inspections_part_locked();
DROP TRIGGER inspections_report_locked ON inspections_report;
DROP FUNCTION inspections_report_locked();
DROP FUNCTION inspections_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("inspections", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
