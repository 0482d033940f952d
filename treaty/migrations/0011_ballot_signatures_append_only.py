from django.db import migrations

FORWARD = """
-- A signature that was received stays as it was received.
CREATE TRIGGER treaty_ballotsignature_append_only BEFORE UPDATE OR DELETE ON treaty_ballotsignature
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_ballotsignature_no_truncate BEFORE TRUNCATE ON treaty_ballotsignature
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
"""

BACKWARD = """
DROP TRIGGER treaty_ballotsignature_no_truncate ON treaty_ballotsignature;
DROP TRIGGER treaty_ballotsignature_append_only ON treaty_ballotsignature;
"""


class Migration(migrations.Migration):
    dependencies = [("treaty", "0010_ballot_signatures")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
