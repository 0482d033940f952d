import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
-- What was proposed and voted on never changes; that it became a text is written once.
CREATE FUNCTION treaty_amendment_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.key, NEW.vote_id, NEW.base_id, NEW.proposer_id, NEW.version, NEW.source, NEW.sha256, NEW.proposed_at)
       IS DISTINCT FROM
       (OLD.key, OLD.vote_id, OLD.base_id, OLD.proposer_id, OLD.version, OLD.source, OLD.sha256, OLD.proposed_at)
       OR (OLD.text_id IS NOT NULL AND NEW.text_id IS DISTINCT FROM OLD.text_id) THEN
        RAISE EXCEPTION 'amendment % is frozen with its proposal', OLD.key;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER treaty_amendment_frozen BEFORE UPDATE ON treaty_amendment
    FOR EACH ROW EXECUTE FUNCTION treaty_amendment_frozen();
CREATE TRIGGER treaty_amendment_kept BEFORE DELETE ON treaty_amendment
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_amendment_no_truncate BEFORE TRUNCATE ON treaty_amendment
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
"""

BACKWARD = """
DROP TRIGGER treaty_amendment_no_truncate ON treaty_amendment;
DROP TRIGGER treaty_amendment_kept ON treaty_amendment;
DROP TRIGGER treaty_amendment_frozen ON treaty_amendment;
DROP FUNCTION treaty_amendment_frozen();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_keys_append_only'),
        ('treaty', '0014_exemptions'),
    ]

    operations = [
        migrations.CreateModel(
            name='Amendment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=16, unique=True)),
                ('version', models.PositiveIntegerField()),
                ('source', models.BinaryField()),
                ('sha256', models.CharField(db_index=True, max_length=64)),
                ('proposed_at', models.DateTimeField()),
                ('base', models.ForeignKey(help_text='The text that it would replace.', on_delete=django.db.models.deletion.PROTECT, related_name='amendments', to='treaty.treatytext')),
                ('proposer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('text', models.OneToOneField(blank=True, help_text='The text that it became.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='made_by', to='treaty.treatytext')),
                ('vote', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='amendment', to='treaty.vote')),
            ],
            options={
                'ordering': ['-proposed_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='amendment_sha256')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
