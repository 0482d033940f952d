import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE TRIGGER treaty_merger_append_only BEFORE UPDATE OR DELETE ON treaty_merger
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_merger_no_truncate BEFORE TRUNCATE ON treaty_merger
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
"""

BACKWARD = """
DROP TRIGGER treaty_merger_no_truncate ON treaty_merger;
DROP TRIGGER treaty_merger_append_only ON treaty_merger;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('treaty', '0021_delegations'),
    ]

    operations = [
        migrations.CreateModel(
            name='Merger',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_at', models.DateTimeField()),
                ('into', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mergers', to='treaty.party')),
                ('party', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='merger', to='treaty.party')),
                ('vote', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='merger', to='treaty.vote')),
            ],
            options={
                'ordering': ['from_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('party', models.F('into')), _negated=True), name='merger_into_another')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
