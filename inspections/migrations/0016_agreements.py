import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


FORWARD = """
-- A version stands as it was proposed; that a body agreed is written once.
CREATE FUNCTION inspections_facilityagreement_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.facility_id, NEW.version, NEW.entry, NEW.escorts, NEW.shrouding, NEW.salt, NEW.proposed_at, NEW.proposed_by_id)
       IS DISTINCT FROM
       (OLD.facility_id, OLD.version, OLD.entry, OLD.escorts, OLD.shrouding, OLD.salt, OLD.proposed_at, OLD.proposed_by_id)
       OR (OLD.agreed_at IS NOT NULL
           AND (NEW.agreed_at, NEW.body_id, NEW.agreed_by_id) IS DISTINCT FROM (OLD.agreed_at, OLD.body_id, OLD.agreed_by_id)) THEN
        RAISE EXCEPTION 'agreement % stands as it was proposed', OLD.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER inspections_facilityagreement_frozen BEFORE UPDATE ON inspections_facilityagreement
    FOR EACH ROW EXECUTE FUNCTION inspections_facilityagreement_frozen();
CREATE TRIGGER inspections_facilityagreement_kept BEFORE DELETE ON inspections_facilityagreement
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_facilityagreement_no_truncate BEFORE TRUNCATE ON inspections_facilityagreement
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
"""
BACKWARD = """
DROP TRIGGER inspections_facilityagreement_no_truncate ON inspections_facilityagreement;
DROP TRIGGER inspections_facilityagreement_kept ON inspections_facilityagreement;
DROP TRIGGER inspections_facilityagreement_frozen ON inspections_facilityagreement;
DROP FUNCTION inspections_facilityagreement_frozen();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_keys_append_only'),
        ('inspections', '0015_managed_access'),
        ('labs', '0003_reading_restated'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FacilityAgreement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveSmallIntegerField()),
                ('entry', models.TextField()),
                ('escorts', models.TextField()),
                ('shrouding', models.TextField()),
                ('salt', models.CharField(max_length=64)),
                ('proposed_at', models.DateTimeField()),
                ('agreed_at', models.DateTimeField(blank=True, null=True)),
                ('agreed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('body', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('facility', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='agreements', to='labs.facility')),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['facility', '-version'],
                'constraints': [models.UniqueConstraint(fields=('facility', 'version'), name='agreement_version'), models.CheckConstraint(condition=models.Q(models.Q(('agreed_at', None), ('agreed_by', None), ('body', None)), models.Q(('agreed_at__isnull', False), ('agreed_by__isnull', False), ('body__isnull', False)), _connector='OR'), name='agreement_agreed_by_a_body')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
