from django.db import migrations, models


def frozen(later, finished):
    """The trigger's function: `later` is written after the opening, and nothing any more once `finished` is."""
    return f"""
CREATE OR REPLACE FUNCTION inspections_draw_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    later text[] := ARRAY['sealed_at', 'reveal_by', 'seal', 'drawn_at', 'size', 'root', 'seed', 'drawn'{later}];
BEGIN
    IF to_jsonb(NEW) - later IS DISTINCT FROM to_jsonb(OLD) - later
       OR (OLD.sealed_at IS NOT NULL
           AND (NEW.sealed_at, NEW.reveal_by, NEW.seal) IS DISTINCT FROM (OLD.sealed_at, OLD.reveal_by, OLD.seal))
       OR {finished} THEN
        RAISE EXCEPTION 'draw % is frozen', OLD.key USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""


BACKWARD = frozen("", "(OLD.drawn_at IS NOT NULL AND NEW IS DISTINCT FROM OLD)")
FORWARD = frozen(
    ", 'days_opened_at'",
    """(OLD.drawn_at IS NOT NULL
           AND to_jsonb(NEW) - 'days_opened_at' IS DISTINCT FROM to_jsonb(OLD) - 'days_opened_at')
       OR (OLD.days_opened_at IS NOT NULL AND NEW IS DISTINCT FROM OLD)""",
)


class Migration(migrations.Migration):

    dependencies = [
        ('inspections', '0022_specials'),
    ]

    operations = [
        migrations.AddField(
            model_name='draw',
            name='days_opened_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(('days_opened_at', None), ('days_opened_at__gt', models.F('drawn_at')), _connector='OR'), name='draw_days_opened_after_its_result'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
