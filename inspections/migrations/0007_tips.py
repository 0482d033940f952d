import django.db.models.deletion
from django.db import migrations, models


KEPT = ("recipient", "tip", "tiphandling", "tipanswer")
FORWARD = """
-- What came sealed, and to whom it could be sealed, never changes; that it is on record, or withdrawn, is written once.
CREATE FUNCTION inspections_tip_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.sha256, NEW.handle, NEW.size, NEW.sealed, NEW.hour, NEW.worked)
       IS DISTINCT FROM (OLD.sha256, OLD.handle, OLD.size, OLD.sealed, OLD.hour, OLD.worked)
       OR (OLD.recorded_at IS NOT NULL AND NEW.recorded_at IS DISTINCT FROM OLD.recorded_at) THEN
        RAISE EXCEPTION 'tip % is as it came', OLD.sha256;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER inspections_tip_frozen BEFORE UPDATE ON inspections_tip
    FOR EACH ROW EXECUTE FUNCTION inspections_tip_frozen();
CREATE FUNCTION inspections_recipient_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.body_id, NEW.recipient, NEW.signed_by, NEW.signature, NEW.published_at, NEW.usable_at)
       IS DISTINCT FROM
       (OLD.body_id, OLD.recipient, OLD.signed_by, OLD.signature, OLD.published_at, OLD.usable_at)
       OR (OLD.withdrawn_at IS NOT NULL AND NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at) THEN
        RAISE EXCEPTION 'recipient % is as it was published', OLD.recipient;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER inspections_recipient_frozen BEFORE UPDATE ON inspections_recipient
    FOR EACH ROW EXECUTE FUNCTION inspections_recipient_frozen();
CREATE TRIGGER inspections_tipanswer_append_only BEFORE UPDATE ON inspections_tipanswer
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
""" + "".join(
    f"""CREATE TRIGGER inspections_{table}_kept BEFORE DELETE ON inspections_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_{table}_no_truncate BEFORE TRUNCATE ON inspections_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
"""
    for table in KEPT
)
BACKWARD = "".join(
    f"""DROP TRIGGER inspections_{table}_no_truncate ON inspections_{table};
DROP TRIGGER inspections_{table}_kept ON inspections_{table};
"""
    for table in KEPT
) + """
DROP TRIGGER inspections_tipanswer_append_only ON inspections_tipanswer;
DROP TRIGGER inspections_recipient_frozen ON inspections_recipient;
DROP FUNCTION inspections_recipient_frozen();
DROP TRIGGER inspections_tip_frozen ON inspections_tip;
DROP FUNCTION inspections_tip_frozen();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_keys_append_only'),
        ('inspections', '0006_draws'),
    ]

    operations = [
        migrations.CreateModel(
            name='Recipient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('recipient', models.CharField(max_length=62, unique=True)),
                ('signed_by', models.CharField(help_text='"root", or the id of a key of the body.', max_length=32)),
                ('signature', models.TextField()),
                ('published_at', models.DateTimeField()),
                ('usable_at', models.DateTimeField()),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('entry_hash', models.CharField(max_length=64)),
                ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='recipients', to='accounts.organisation')),
            ],
            options={
                'ordering': ['body', '-usable_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Tip',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64, unique=True)),
                ('handle', models.CharField(max_length=64, unique=True)),
                ('size', models.PositiveIntegerField(help_text='Of what is sealed, in bytes.')),
                ('sealed', models.BinaryField()),
                ('hour', models.DateTimeField(db_index=True)),
                ('worked', models.BooleanField()),
                ('recorded_at', models.DateTimeField(blank=True, null=True)),
                ('entry_hash', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'ordering': ['-hour', 'sha256'],
                'constraints': [models.CheckConstraint(condition=models.Q(('handle__regex', '^[0-9a-f]{64}$'), ('sha256__regex', '^[0-9a-f]{64}$')), name='tip_hashes'), models.CheckConstraint(condition=models.Q(('size__in', (4096, 16384, 65536, 262144))), name='tip_size')],
            },
        ),
        migrations.CreateModel(
            name='TipAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64, unique=True)),
                ('size', models.PositiveIntegerField()),
                ('sealed', models.BinaryField()),
                ('answered_at', models.DateTimeField()),
                ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('tip', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='inspections.tip')),
            ],
            options={
                'ordering': ['answered_at', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='tip_answer_hash')],
            },
        ),
        migrations.CreateModel(
            name='TipHandling',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('received', 'Received'), ('opened', 'Opened'), ('closed', 'Closed')], max_length=8)),
                ('opened_at', models.DateTimeField(blank=True, null=True)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('outcome', models.CharField(blank=True, choices=[('followed', 'It is followed up'), ('referred', 'It was passed on to whom it concerns'), ('not_pursued', 'Nothing could be done with it'), ('unreadable', 'It is not sealed to this body, or cannot be read')], max_length=12)),
                ('words', models.CharField(blank=True, max_length=160)),
                ('salt', models.CharField(blank=True, max_length=64)),
                ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('tip', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='handlings', to='inspections.tip')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('tip', 'body'), name='tip_handled_once_a_body'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('outcome', '')), models.Q(('closed_at__isnull', False), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='tip_closed_with_an_outcome')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
