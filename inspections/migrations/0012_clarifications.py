import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


FORWARD = """
-- What was asked, answered and dissented from stands as it was said; each step of a clarification is written once.
CREATE FUNCTION inspections_clarification_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.finding_id, NEW.body_id, NEW.question, NEW.salt, NEW.asked_at, NEW.asked_by_id, NEW.acknowledge_by, NEW.answer_by)
       IS DISTINCT FROM
       (OLD.finding_id, OLD.body_id, OLD.question, OLD.salt, OLD.asked_at, OLD.asked_by_id, OLD.acknowledge_by, OLD.answer_by)
       OR (OLD.acknowledged_at IS NOT NULL AND NEW.acknowledged_at IS DISTINCT FROM OLD.acknowledged_at)
       OR (OLD.answered_at IS NOT NULL
           AND (NEW.answered_at, NEW.answer, NEW.answer_salt) IS DISTINCT FROM (OLD.answered_at, OLD.answer, OLD.answer_salt)) THEN
        RAISE EXCEPTION 'clarification % stands as it was said', OLD.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER inspections_clarification_frozen BEFORE UPDATE ON inspections_clarification
    FOR EACH ROW EXECUTE FUNCTION inspections_clarification_frozen();
CREATE TRIGGER inspections_clarification_kept BEFORE DELETE ON inspections_clarification
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_clarification_no_truncate BEFORE TRUNCATE ON inspections_clarification
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_dissent_append_only BEFORE UPDATE OR DELETE ON inspections_dissent
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_dissent_no_truncate BEFORE TRUNCATE ON inspections_dissent
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
"""
BACKWARD = """
DROP TRIGGER inspections_dissent_no_truncate ON inspections_dissent;
DROP TRIGGER inspections_dissent_append_only ON inspections_dissent;
DROP TRIGGER inspections_clarification_no_truncate ON inspections_clarification;
DROP TRIGGER inspections_clarification_kept ON inspections_clarification;
DROP TRIGGER inspections_clarification_frozen ON inspections_clarification;
DROP FUNCTION inspections_clarification_frozen();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_keys_append_only'),
        ('inspections', '0011_schedules'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Clarification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('question', models.TextField()),
                ('salt', models.CharField(max_length=64)),
                ('asked_at', models.DateTimeField()),
                ('acknowledge_by', models.DateTimeField()),
                ('answer_by', models.DateTimeField()),
                ('acknowledged_at', models.DateTimeField(blank=True, null=True)),
                ('answer', models.TextField(blank=True)),
                ('answer_salt', models.CharField(blank=True, max_length=64)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('finding', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='clarifications', to='inspections.finding')),
            ],
            options={
                'ordering': ['asked_at', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('answered_at', None)), fields=('finding',), name='clarification_one_at_a_time'), models.CheckConstraint(condition=models.Q(('answer_by__gte', models.F('acknowledge_by'))), name='clarification_times'), models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at', None)), models.Q(('answered_at__isnull', False), models.Q(('answer', ''), _negated=True)), _connector='OR'), name='clarification_answered_in_words')],
            },
        ),
        migrations.CreateModel(
            name='Dissent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('for_body', models.BooleanField()),
                ('words', models.TextField()),
                ('salt', models.CharField(max_length=64)),
                ('filed_at', models.DateTimeField()),
                ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('finding', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='dissents', to='inspections.finding')),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='dissents', to='inspections.report')),
            ],
            options={
                'ordering': ['filed_at', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('report', 'finding', 'by'), name='dissent_once_a_person', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('words', ''), _negated=True), name='dissent_in_words')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
