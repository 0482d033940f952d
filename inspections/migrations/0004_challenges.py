import django.db.models.deletion
from django.db import migrations, models


FORWARD = """
-- Who asked for what, and why, never changes; that a vote stopped it is written once.
CREATE FUNCTION inspections_challenge_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.key, NEW.facility_id, NEW.requester_id, NEW.vote_id, NEW.ground, NEW.salt, NEW.requested_at)
       IS DISTINCT FROM
       (OLD.key, OLD.facility_id, OLD.requester_id, OLD.vote_id, OLD.ground, OLD.salt, OLD.requested_at)
       OR (OLD.stopped_at IS NOT NULL AND NEW.stopped_at IS DISTINCT FROM OLD.stopped_at) THEN
        RAISE EXCEPTION 'challenge % is frozen with its request', OLD.key;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER inspections_challenge_frozen BEFORE UPDATE ON inspections_challenge
    FOR EACH ROW EXECUTE FUNCTION inspections_challenge_frozen();
CREATE TRIGGER inspections_challenge_kept BEFORE DELETE ON inspections_challenge
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_challenge_no_truncate BEFORE TRUNCATE ON inspections_challenge
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
"""

BACKWARD = """
DROP TRIGGER inspections_challenge_no_truncate ON inspections_challenge;
DROP TRIGGER inspections_challenge_kept ON inspections_challenge;
DROP TRIGGER inspections_challenge_frozen ON inspections_challenge;
DROP FUNCTION inspections_challenge_frozen();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_keys_append_only'),
        ('inspections', '0003_visit_text'),
        ('labs', '0002_append_only'),
        ('treaty', '0015_amendments'),
    ]

    operations = [
        migrations.CreateModel(
            name='Challenge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=16, unique=True)),
                ('ground', models.TextField()),
                ('salt', models.CharField(max_length=64)),
                ('requested_at', models.DateTimeField()),
                ('stopped_at', models.DateTimeField(blank=True, help_text='When the vote that stopped it had effect.', null=True)),
                ('facility', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='challenges', to='labs.facility')),
                ('requester', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('vote', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='challenge', to='treaty.vote')),
            ],
            options={
                'ordering': ['-requested_at', '-pk'],
            },
        ),
        migrations.AddField(
            model_name='visit',
            name='challenge',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='inspections.challenge'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('challenge__isnull', False), ('kind', 'challenge'), ('pause', None)), models.Q(models.Q(('kind', 'challenge'), _negated=True), ('challenge', None)), _connector='OR'), name='visit_of_its_challenge'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'cancelled'), _negated=True), fields=('challenge',), name='visit_once_a_challenge'),
        ),
        migrations.AddConstraint(
            model_name='challenge',
            constraint=models.CheckConstraint(condition=models.Q(('ground', ''), _negated=True), name='challenge_has_a_ground'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
