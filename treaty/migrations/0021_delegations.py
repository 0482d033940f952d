import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
-- A delegation is given once and revoked once; it is never otherwise changed.
CREATE FUNCTION treaty_delegation_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.organisation_id, NEW.delegate_id, NEW.decision, NEW.given_at, NEW.expires_at)
       IS DISTINCT FROM
       (OLD.organisation_id, OLD.delegate_id, OLD.decision, OLD.given_at, OLD.expires_at)
       OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at) THEN
        RAISE EXCEPTION 'a delegation is revoked, never edited';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER treaty_delegation_frozen BEFORE UPDATE ON treaty_delegation
    FOR EACH ROW EXECUTE FUNCTION treaty_delegation_frozen();
CREATE TRIGGER treaty_delegation_kept BEFORE DELETE ON treaty_delegation
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_delegation_no_truncate BEFORE TRUNCATE ON treaty_delegation
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
"""

BACKWARD = """
DROP TRIGGER treaty_delegation_no_truncate ON treaty_delegation;
DROP TRIGGER treaty_delegation_kept ON treaty_delegation;
DROP TRIGGER treaty_delegation_frozen ON treaty_delegation;
DROP FUNCTION treaty_delegation_frozen();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_keys_append_only'),
        ('treaty', '0020_receipt_mails'),
    ]

    operations = [
        migrations.CreateModel(
            name='Delegation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('decision', models.CharField(blank=True, help_text='Empty: for all decisions.', max_length=64)),
                ('given_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.AddField(
            model_name='rollentry',
            name='delegate',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation'),
        ),
        migrations.AddConstraint(
            model_name='rollentry',
            constraint=models.CheckConstraint(condition=models.Q(('delegate', None), models.Q(('recused', False), models.Q(('delegate', models.F('organisation')), _negated=True)), _connector='OR'), name='roll_entry_delegates_to_another'),
        ),
        migrations.AddField(
            model_name='delegation',
            name='delegate',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='delegations_held', to='accounts.organisation'),
        ),
        migrations.AddField(
            model_name='delegation',
            name='organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='delegations', to='accounts.organisation'),
        ),
        migrations.AddConstraint(
            model_name='delegation',
            constraint=models.CheckConstraint(condition=models.Q(('organisation', models.F('delegate')), _negated=True), name='delegation_to_another'),
        ),
        migrations.AddConstraint(
            model_name='delegation',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('given_at'))), name='delegation_ends_after_it_begins'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
