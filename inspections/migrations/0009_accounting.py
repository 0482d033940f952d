import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


APPEND_ONLY = ("workdeclaration", "computeobservation", "alarmstep")
FORWARD = """
-- What was filed stands; of an alarm only where it stands now moves.
CREATE FUNCTION inspections_alarm_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) - 'state' IS DISTINCT FROM to_jsonb(NEW) - 'state' THEN
        RAISE EXCEPTION 'alarm % stands as it was noted', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER inspections_balancealarm_frozen BEFORE UPDATE ON inspections_balancealarm
    FOR EACH ROW EXECUTE FUNCTION inspections_alarm_frozen();
CREATE TRIGGER inspections_balancealarm_kept BEFORE DELETE ON inspections_balancealarm
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_balancealarm_no_truncate BEFORE TRUNCATE ON inspections_balancealarm
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
""" + "".join(
    f"""
CREATE TRIGGER inspections_{table}_append_only BEFORE UPDATE OR DELETE ON inspections_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_{table}_no_truncate BEFORE TRUNCATE ON inspections_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
"""
    for table in APPEND_ONLY
)

BACKWARD = "".join(
    f"""
DROP TRIGGER inspections_{table}_no_truncate ON inspections_{table};
DROP TRIGGER inspections_{table}_append_only ON inspections_{table};
"""
    for table in APPEND_ONLY
) + """
DROP TRIGGER inspections_balancealarm_no_truncate ON inspections_balancealarm;
DROP TRIGGER inspections_balancealarm_kept ON inspections_balancealarm;
DROP TRIGGER inspections_balancealarm_frozen ON inspections_balancealarm;
DROP FUNCTION inspections_alarm_frozen();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_keys_append_only'),
        ('inspections', '0008_kinds_of_visit'),
        ('labs', '0002_append_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BalanceAlarm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('measurement', models.CharField(max_length=64)),
                ('from_at', models.DateTimeField()),
                ('until_at', models.DateTimeField()),
                ('tests', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('sitmuf', 'More than the instruments explain, in this period'), ('page', 'A little too much, period after period')], max_length=8))),
                ('sitmuf', models.CharField(max_length=32)),
                ('page', models.CharField(max_length=32)),
                ('state', models.CharField(choices=[('consistent', 'Consistent'), ('anomaly', 'Anomaly'), ('discrepancy', 'Discrepancy'), ('clarified', 'Clarified'), ('non_compliance_suspected', 'Non-compliance suspected')], default='anomaly', max_length=24)),
                ('noted_at', models.DateTimeField()),
                ('facility', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='balance_alarms', to='labs.facility')),
            ],
            options={
                'ordering': ['-from_at', 'facility', 'measurement'],
            },
        ),
        migrations.CreateModel(
            name='AlarmStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(choices=[('clarify', 'clarify'), ('graver', 'graver')], max_length=8)),
                ('basis', models.TextField()),
                ('salt', models.CharField(max_length=64)),
                ('happened_at', models.DateTimeField()),
                ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('alarm', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='inspections.balancealarm')),
            ],
            options={
                'ordering': ['happened_at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='ComputeObservation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_at', models.DateTimeField()),
                ('until_at', models.DateTimeField()),
                ('version', models.PositiveSmallIntegerField()),
                ('filed_at', models.DateTimeField()),
                ('measurement', models.CharField(max_length=64)),
                ('hours', models.BigIntegerField()),
                ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('facility', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labs.facility')),
            ],
            options={
                'ordering': ['facility', 'from_at', 'version'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='WorkDeclaration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_at', models.DateTimeField()),
                ('until_at', models.DateTimeField()),
                ('version', models.PositiveSmallIntegerField()),
                ('filed_at', models.DateTimeField()),
                ('work', models.JSONField(help_text="Hours by use: a run's key, inference or other.")),
                ('begun_with', models.BigIntegerField(blank=True, null=True)),
                ('in_progress', models.BigIntegerField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('facility', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labs.facility')),
            ],
            options={
                'ordering': ['facility', 'from_at', 'version'],
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='balancealarm',
            constraint=models.UniqueConstraint(fields=('facility', 'measurement', 'from_at'), name='alarm_once_a_period'),
        ),
        migrations.AddConstraint(
            model_name='balancealarm',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['consistent', 'anomaly', 'discrepancy', 'clarified', 'non_compliance_suspected'])), name='alarm_state'),
        ),
        migrations.AddConstraint(
            model_name='computeobservation',
            constraint=models.UniqueConstraint(fields=('facility', 'measurement', 'from_at', 'version'), name='observation_version'),
        ),
        migrations.AddConstraint(
            model_name='computeobservation',
            constraint=models.CheckConstraint(condition=models.Q(('until_at__gt', models.F('from_at'))), name='observation_period'),
        ),
        migrations.AddConstraint(
            model_name='computeobservation',
            constraint=models.CheckConstraint(condition=models.Q(('hours__gte', 0)), name='observation_hours'),
        ),
        migrations.AddConstraint(
            model_name='workdeclaration',
            constraint=models.UniqueConstraint(fields=('facility', 'from_at', 'version'), name='work_version'),
        ),
        migrations.AddConstraint(
            model_name='workdeclaration',
            constraint=models.CheckConstraint(condition=models.Q(('until_at__gt', models.F('from_at'))), name='work_period'),
        ),
        migrations.AddConstraint(
            model_name='workdeclaration',
            constraint=models.CheckConstraint(condition=models.Q(('in_progress__gte', 0), models.Q(('begun_with', None), ('begun_with__gte', 0), _connector='OR')), name='work_hours'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
