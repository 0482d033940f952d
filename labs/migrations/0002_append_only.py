from django.db import migrations

TABLES = ["labs_reading", "labs_inventory", "labs_inventoryline", "labs_rollbackprocedure", "labs_openweightrelease", "labs_annex", "labs_importrun"]

FORWARD = """
CREATE FUNCTION labs_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: file a new version instead (% refused)', TG_TABLE_NAME, TG_OP;
END $$;
""" + "".join(
    f"""
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION labs_append_only();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION labs_append_only();
"""
    for table in TABLES
)

BACKWARD = "".join(f"DROP TRIGGER {table}_no_truncate ON {table}; DROP TRIGGER {table}_append_only ON {table};\n" for table in TABLES) + "DROP FUNCTION labs_append_only();"


class Migration(migrations.Migration):
    dependencies = [("labs", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
