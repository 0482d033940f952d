import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


FORWARD = """
-- What was asked for stands as it was asked; its state alone moves, and each step is written once.
CREATE FUNCTION inspections_managedaccess_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.visit_id, NEW.number, NEW.layer, NEW.measure, NEW.reason, NEW.salt, NEW.asked_at, NEW.by_id)
       IS DISTINCT FROM
       (OLD.visit_id, OLD.number, OLD.layer, OLD.measure, OLD.reason, OLD.salt, OLD.asked_at, OLD.by_id) THEN
        RAISE EXCEPTION 'managed access % stands as it was asked for', OLD.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER inspections_managedaccess_frozen BEFORE UPDATE ON inspections_managedaccess
    FOR EACH ROW EXECUTE FUNCTION inspections_managedaccess_frozen();
CREATE TRIGGER inspections_managedaccess_kept BEFORE DELETE ON inspections_managedaccess
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_managedaccess_no_truncate BEFORE TRUNCATE ON inspections_managedaccess
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_managedaccessstep_append_only BEFORE UPDATE OR DELETE ON inspections_managedaccessstep
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_managedaccessstep_no_truncate BEFORE TRUNCATE ON inspections_managedaccessstep
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
"""
BACKWARD = """
DROP TRIGGER inspections_managedaccessstep_no_truncate ON inspections_managedaccessstep;
DROP TRIGGER inspections_managedaccessstep_append_only ON inspections_managedaccessstep;
DROP TRIGGER inspections_managedaccess_no_truncate ON inspections_managedaccess;
DROP TRIGGER inspections_managedaccess_kept ON inspections_managedaccess;
DROP TRIGGER inspections_managedaccess_frozen ON inspections_managedaccess;
DROP FUNCTION inspections_managedaccess_frozen();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('inspections', '0014_causes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ManagedAccess',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField()),
                ('layer', models.CharField(max_length=64)),
                ('measure', models.CharField(choices=[('shroud', 'Shroud it'), ('substitute', 'Show something in its place'), ('escort', 'Escort the inspectors')], max_length=12)),
                ('state', models.CharField(choices=[('asked', 'Asked for'), ('agreed', 'Agreed to'), ('refused', 'Refused by the team'), ('satisfied', 'What was shown was enough'), ('not_satisfied', 'What was shown was not enough')], max_length=16)),
                ('reason', models.TextField()),
                ('salt', models.CharField(max_length=64)),
                ('asked_at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='managed_access', to='inspections.visit')),
            ],
            options={
                'ordering': ['visit', 'number'],
            },
        ),
        migrations.CreateModel(
            name='ManagedAccessStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(choices=[('agree', 'We agree to it'), ('refuse', 'We refuse it'), ('satisfy', 'What was shown was enough'), ('fail', 'What was shown was not enough')], max_length=8)),
                ('words', models.TextField()),
                ('salt', models.CharField(max_length=64)),
                ('happened_at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='inspections.managedaccess')),
            ],
            options={
                'ordering': ['happened_at', 'pk'],
            },
        ),
        migrations.AddConstraint(
            model_name='managedaccess',
            constraint=models.UniqueConstraint(fields=('visit', 'number'), name='managed_access_number'),
        ),
        migrations.AddConstraint(
            model_name='managedaccess',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='managed_access_reason'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
