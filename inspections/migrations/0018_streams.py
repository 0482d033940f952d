import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


FORWARD = """
CREATE TRIGGER inspections_streamreading_append_only BEFORE UPDATE OR DELETE ON inspections_streamreading
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_streamreading_no_truncate BEFORE TRUNCATE ON inspections_streamreading
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
"""
BACKWARD = """
DROP TRIGGER inspections_streamreading_no_truncate ON inspections_streamreading;
DROP TRIGGER inspections_streamreading_append_only ON inspections_streamreading;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_keys_append_only'),
        ('inspections', '0017_grades'),
        ('labs', '0003_reading_restated'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='StreamReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('layer', models.CharField(max_length=64)),
                ('observed_at', models.DateTimeField()),
                ('intact', models.BooleanField()),
                ('filed_at', models.DateTimeField()),
                ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('facility', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stream_readings', to='labs.facility')),
            ],
            options={
                'ordering': ['observed_at'],
                'constraints': [models.UniqueConstraint(fields=('facility', 'layer', 'observed_at'), name='stream_reading_once')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
