from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_keys_append_only'),
        ('treaty', '0023_drill_verdicts'),
    ]

    operations = [
        migrations.AlterField(
            model_name='case',
            name='kind',
            field=models.CharField(choices=[('late', 'A stage was late'), ('discrepancy', 'A verification found a discrepancy'), ('missing', 'A declaration is long overdue'), ('finding', 'A finding was not clarified'), ('referral', 'Referred by a party or a monitoring body')], max_length=16),
        ),
        migrations.AlterField(
            model_name='case',
            name='subject',
            field=models.CharField(blank=True, help_text='The stage that was late, the visit that found it, the finding, or the declaration that is missing.', max_length=64),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'finding')), fields=('subject',), name='case_once_a_finding'),
        ),
    ]
