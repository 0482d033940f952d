import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


FORWARD = """
-- What was signed, declared and acknowledged never changes.
CREATE TRIGGER treaty_orderkey_append_only BEFORE UPDATE OR DELETE ON treaty_orderkey
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_orderkey_no_truncate BEFORE TRUNCATE ON treaty_orderkey
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_order_append_only BEFORE UPDATE OR DELETE ON treaty_order
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_order_no_truncate BEFORE TRUNCATE ON treaty_order
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_orderacknowledgement_append_only BEFORE UPDATE OR DELETE ON treaty_orderacknowledgement
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_orderacknowledgement_no_truncate BEFORE TRUNCATE ON treaty_orderacknowledgement
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
"""

BACKWARD = """
DROP TRIGGER treaty_orderkey_no_truncate ON treaty_orderkey;
DROP TRIGGER treaty_orderkey_append_only ON treaty_orderkey;
DROP TRIGGER treaty_order_no_truncate ON treaty_order;
DROP TRIGGER treaty_order_append_only ON treaty_order;
DROP TRIGGER treaty_orderacknowledgement_no_truncate ON treaty_orderacknowledgement;
DROP TRIGGER treaty_orderacknowledgement_append_only ON treaty_orderacknowledgement;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_keys_append_only'),
        ('treaty', '0015_amendments'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='OrderKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verifier_key', models.CharField(help_text='As signed notes write it: name+id+key.', max_length=200, unique=True)),
                ('declared_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.PositiveIntegerField()),
                ('hash', models.CharField(help_text='SHA-256 of the text that is signed.', max_length=64, unique=True)),
                ('content', models.CharField(help_text='Hash of what it says, its place among the others left out.', max_length=64)),
                ('note', models.TextField()),
                ('position', models.PositiveBigIntegerField(help_text='How many entries the record had.')),
                ('not_before', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('renewal', models.BooleanField(help_text='Whether it says what the one before it said.')),
                ('drill', models.BooleanField(default=False)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='accounts.organisation')),
            ],
            options={
                'ordering': ['organisation', '-sequence'],
            },
        ),
        migrations.CreateModel(
            name='OrderAcknowledgement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('acknowledged_at', models.DateTimeField()),
                ('by_key', models.CharField(blank=True, help_text='The enrolled key that signed it, if one did.', max_length=32)),
                ('signature', models.TextField(blank=True)),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='acknowledgement', to='treaty.order')),
            ],
        ),
        migrations.CreateModel(
            name='OrderEndpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.URLField(max_length=500)),
                ('added_at', models.DateTimeField()),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='order_endpoints', to='accounts.organisation')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='OrderDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_at', models.DateTimeField(blank=True, help_text='Empty: nothing more is tried.', null=True)),
                ('delivered_at', models.DateTimeField(blank=True, null=True)),
                ('outcome', models.CharField(blank=True, help_text='What the last attempt came to.', max_length=200)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='treaty.order')),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='treaty.orderendpoint')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.UniqueConstraint(fields=('organisation', 'sequence'), name='order_sequence_once'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('not_before'))), name='order_valid_for_a_time'),
        ),
        migrations.AddConstraint(
            model_name='orderendpoint',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at', None)), fields=('organisation', 'url'), name='order_endpoint_once'),
        ),
        migrations.AddIndex(
            model_name='orderdelivery',
            index=models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='order_delivery_due'),
        ),
        migrations.AddConstraint(
            model_name='orderdelivery',
            constraint=models.UniqueConstraint(fields=('endpoint', 'order'), name='order_delivered_once'),
        ),
        migrations.AddConstraint(
            model_name='orderdelivery',
            constraint=models.CheckConstraint(condition=models.Q(('delivered_at', None), ('next_at', None), _connector='OR'), name='order_delivery_ends_when_delivered'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
