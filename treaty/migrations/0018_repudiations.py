import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FROZEN = """
CREATE OR REPLACE FUNCTION treaty_vote_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.key, NEW.decision, NEW.profile_key, NEW.title, NEW.question, NEW.subject, NEW.profile, NEW.profile_hash, NEW.roll_hash,
        NEW.text_id, NEW.requester_id, NEW.subject_organisation_id, NEW.noticed_at, NEW.opens_at)
       IS DISTINCT FROM
       (OLD.key, OLD.decision, OLD.profile_key, OLD.title, OLD.question, OLD.subject, OLD.profile, OLD.profile_hash, OLD.roll_hash,
        OLD.text_id, OLD.requester_id, OLD.subject_organisation_id, OLD.noticed_at, OLD.opens_at) THEN
        RAISE EXCEPTION 'vote %% is frozen since its notice', OLD.key;
    END IF;
    IF OLD.closed_at IS NOT NULL AND (NEW.closed_at, NEW.outcome, NEW.reason, NEW.tally) IS DISTINCT FROM (OLD.closed_at, OLD.outcome, OLD.reason, OLD.tally)%s THEN
        RAISE EXCEPTION 'vote %% has closed: its outcome stands', OLD.key;
    END IF;
    RETURN NEW;
END $$;
"""
# Closed and adopted, without effect yet, and with a ballot that was repudiated: the outcome may be counted again, never its instant.
RECOUNTED = """
       AND NOT (NEW.closed_at = OLD.closed_at AND OLD.outcome = 'adopted' AND OLD.effect_applied_at IS NULL AND OLD.effect_settled_at IS NULL
                AND EXISTS (SELECT 1 FROM treaty_repudiation r JOIN treaty_ballot b ON b.id = r.ballot_id WHERE b.vote_id = OLD.id AND r.recounted))"""
FORWARD = (
    FROZEN % RECOUNTED
    + """
CREATE TRIGGER treaty_repudiation_append_only BEFORE UPDATE OR DELETE ON treaty_repudiation
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_repudiation_no_truncate BEFORE TRUNCATE ON treaty_repudiation
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
"""
)
BACKWARD = (
    """
DROP TRIGGER treaty_repudiation_no_truncate ON treaty_repudiation;
DROP TRIGGER treaty_repudiation_append_only ON treaty_repudiation;
"""
    + FROZEN % ""
)


class Migration(migrations.Migration):

    dependencies = [
        ('treaty', '0017_missing_declarations'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Repudiation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('signature', models.TextField(help_text='Of the root key, under the statement of purpose repudiation.')),
                ('repudiated_at', models.DateTimeField()),
                ('recounted', models.BooleanField(help_text='It came before the effect: the vote was counted again without the ballot.')),
                ('entry_hash', models.CharField(max_length=64)),
                ('ballot', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='repudiation', to='treaty.ballot')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['repudiated_at', 'pk'],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
