from django.db import migrations, models


FORWARD = """
CREATE TRIGGER inspections_gradetable_append_only BEFORE UPDATE OR DELETE ON inspections_gradetable
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_gradetable_no_truncate BEFORE TRUNCATE ON inspections_gradetable
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
"""
BACKWARD = """
DROP TRIGGER inspections_gradetable_no_truncate ON inspections_gradetable;
DROP TRIGGER inspections_gradetable_append_only ON inspections_gradetable;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('inspections', '0016_agreements'),
    ]

    operations = [
        migrations.CreateModel(
            name='GradeTable',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('as_of', models.DateTimeField(unique=True)),
                ('table', models.JSONField()),
                ('published_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['-as_of'],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
