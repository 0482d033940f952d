import django.db.models.deletion
from django.db import migrations, models


FORWARD = """
-- What a draw was opened with never changes; that it was sealed and what was drawn are each written once, and so is a value.
CREATE FUNCTION inspections_draw_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    later text[] := ARRAY['sealed_at', 'reveal_by', 'seal', 'drawn_at', 'size', 'root', 'seed', 'drawn'];
BEGIN
    IF to_jsonb(NEW) - later IS DISTINCT FROM to_jsonb(OLD) - later
       OR (OLD.sealed_at IS NOT NULL
           AND (NEW.sealed_at, NEW.reveal_by, NEW.seal) IS DISTINCT FROM (OLD.sealed_at, OLD.reveal_by, OLD.seal))
       OR (OLD.drawn_at IS NOT NULL AND NEW IS DISTINCT FROM OLD) THEN
        RAISE EXCEPTION 'draw % is frozen', OLD.key USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER inspections_draw_frozen BEFORE UPDATE ON inspections_draw
    FOR EACH ROW EXECUTE FUNCTION inspections_draw_frozen();
CREATE FUNCTION inspections_drawvalue_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    later text[] := ARRAY['value', 'revealed_at'];
BEGIN
    IF to_jsonb(NEW) - later IS DISTINCT FROM to_jsonb(OLD) - later
       OR (OLD.revealed_at IS NOT NULL AND NEW IS DISTINCT FROM OLD) THEN
        RAISE EXCEPTION 'a commitment of draw % is frozen', OLD.draw_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER inspections_drawvalue_frozen BEFORE UPDATE ON inspections_drawvalue
    FOR EACH ROW EXECUTE FUNCTION inspections_drawvalue_frozen();
CREATE TRIGGER inspections_draw_kept BEFORE DELETE ON inspections_draw
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_drawvalue_kept BEFORE DELETE ON inspections_drawvalue
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_draw_no_truncate BEFORE TRUNCATE ON inspections_draw
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
CREATE TRIGGER inspections_drawvalue_no_truncate BEFORE TRUNCATE ON inspections_drawvalue
    FOR EACH STATEMENT EXECUTE FUNCTION inspections_append_only();
"""

BACKWARD = """
DROP TRIGGER inspections_drawvalue_no_truncate ON inspections_drawvalue;
DROP TRIGGER inspections_draw_no_truncate ON inspections_draw;
DROP TRIGGER inspections_drawvalue_kept ON inspections_drawvalue;
DROP TRIGGER inspections_draw_kept ON inspections_draw;
DROP TRIGGER inspections_drawvalue_frozen ON inspections_drawvalue;
DROP FUNCTION inspections_drawvalue_frozen();
DROP TRIGGER inspections_draw_frozen ON inspections_draw;
DROP FUNCTION inspections_draw_frozen();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_keys_append_only'),
        ('inspections', '0005_marks_and_items'),
        ('treaty', '0022_mergers'),
    ]

    operations = [
        migrations.CreateModel(
            name='Draw',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=16, unique=True)),
                ('opened_at', models.DateTimeField(unique=True)),
                ('listed_at', models.DateTimeField(help_text='What had been declared by then is what is drawn from.')),
                ('listed', models.JSONField(help_text='[[facility, laboratory, weight as a string], …], by facility.')),
                ('list_hash', models.CharField(max_length=64)),
                ('commit_by', models.DateTimeField()),
                ('value', models.CharField(help_text="The operator's own, secret until the result.", max_length=64)),
                ('commitment', models.CharField(max_length=64, unique=True)),
                ('sealed_at', models.DateTimeField(blank=True, null=True)),
                ('reveal_by', models.DateTimeField(blank=True, null=True)),
                ('seal', models.CharField(blank=True, help_text='Leaf hash of the entry that sealed it.', max_length=64)),
                ('drawn_at', models.DateTimeField(blank=True, null=True)),
                ('size', models.BigIntegerField(blank=True, help_text='Entries of the record up to the sealing.', null=True)),
                ('root', models.CharField(blank=True, help_text="The record's root over them.", max_length=64)),
                ('seed', models.CharField(blank=True, max_length=64)),
                ('drawn', models.JSONField(default=list, help_text='Keys of the facilities, in the order drawn.')),
                ('text', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='treaty.treatytext')),
            ],
            options={
                'ordering': ['-opened_at'],
            },
        ),
        migrations.CreateModel(
            name='DrawValue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('commitment', models.CharField(max_length=64)),
                ('committed_at', models.DateTimeField()),
                ('value', models.CharField(blank=True, max_length=64)),
                ('revealed_at', models.DateTimeField(blank=True, null=True)),
                ('draw', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='values', to='inspections.draw')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
            options={
                'ordering': ['organisation__name'],
            },
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reveal_by', None), ('seal', ''), ('sealed_at', None)), models.Q(('reveal_by__isnull', False), ('sealed_at__gte', models.F('commit_by')), models.Q(('seal', ''), _negated=True)), _connector='OR'), name='draw_sealed_after_its_commitments'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('drawn_at', None), ('seed', '')), models.Q(('drawn_at__gte', models.F('reveal_by')), models.Q(('seed', ''), _negated=True)), _connector='OR'), name='draw_drawn_after_its_values'),
        ),
        migrations.AddConstraint(
            model_name='drawvalue',
            constraint=models.UniqueConstraint(fields=('draw', 'organisation'), name='one_value_a_draw'),
        ),
        migrations.AddConstraint(
            model_name='drawvalue',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('revealed_at', None), ('value', '')), models.Q(models.Q(('value', ''), _negated=True), ('revealed_at__isnull', False)), _connector='OR'), name='draw_value_revealed'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
