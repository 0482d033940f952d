import django.db.models.deletion
from django.db import migrations, models


FORWARD = """
CREATE TRIGGER treaty_exemption_append_only BEFORE UPDATE OR DELETE ON treaty_exemption
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_exemption_no_truncate BEFORE TRUNCATE ON treaty_exemption
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
"""

BACKWARD = """
DROP TRIGGER treaty_exemption_no_truncate ON treaty_exemption;
DROP TRIGGER treaty_exemption_append_only ON treaty_exemption;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_keys_append_only'),
        ('labs', '0002_append_only'),
        ('treaty', '0013_sealed_ballots'),
    ]

    operations = [
        migrations.CreateModel(
            name='Exemption',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(max_length=64)),
                ('from_at', models.DateTimeField()),
                ('until_at', models.DateTimeField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exemptions', to='accounts.organisation')),
                ('pause', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exemptions', to='treaty.pause')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exemptions', to='labs.trainingrun')),
                ('vote', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='exemption', to='treaty.vote')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('until_at__gt', models.F('from_at'))), name='exemption_ends_after_it_begins')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
