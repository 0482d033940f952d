from django.db import migrations

FORWARD = """
-- What a trigger was found to be stays so: a correction of readings makes a new finding.
CREATE TRIGGER treaty_triggerevaluation_append_only BEFORE UPDATE OR DELETE ON treaty_triggerevaluation
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_triggerevaluation_no_truncate BEFORE TRUNCATE ON treaty_triggerevaluation
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
"""

BACKWARD = """
DROP TRIGGER treaty_triggerevaluation_no_truncate ON treaty_triggerevaluation;
DROP TRIGGER treaty_triggerevaluation_append_only ON treaty_triggerevaluation;
"""


class Migration(migrations.Migration):
    dependencies = [("treaty", "0006_triggers")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
