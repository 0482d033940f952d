import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
-- A pause gets another level by a decision that is kept, and its other terms stay frozen with its vote.
CREATE TRIGGER treaty_levelchange_append_only BEFORE UPDATE OR DELETE ON treaty_levelchange
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE TRIGGER treaty_levelchange_no_truncate BEFORE TRUNCATE ON treaty_levelchange
    FOR EACH STATEMENT EXECUTE FUNCTION treaty_append_only();
CREATE OR REPLACE FUNCTION treaty_pause_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.key, NEW.vote_id, NEW.text_id, NEW.emergency, NEW.adopted_at, NEW.activating_at)
       IS DISTINCT FROM
       (OLD.key, OLD.vote_id, OLD.text_id, OLD.emergency, OLD.adopted_at, OLD.activating_at)
       OR ((NEW.level, NEW.parameters) IS DISTINCT FROM (OLD.level, OLD.parameters)
           AND NOT EXISTS (SELECT 1 FROM treaty_levelchange moved WHERE moved.pause_id = NEW.id
                           AND (moved.before, moved.level, moved.parameters) = (OLD.level, NEW.level, NEW.parameters))) THEN
        RAISE EXCEPTION 'the terms of pause % are frozen with its vote', OLD.key;
    END IF;
    RETURN NEW;
END $$;
"""

BACKWARD = """
CREATE OR REPLACE FUNCTION treaty_pause_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.key, NEW.level, NEW.vote_id, NEW.text_id, NEW.parameters, NEW.emergency, NEW.adopted_at, NEW.activating_at)
       IS DISTINCT FROM
       (OLD.key, OLD.level, OLD.vote_id, OLD.text_id, OLD.parameters, OLD.emergency, OLD.adopted_at, OLD.activating_at) THEN
        RAISE EXCEPTION 'the terms of pause % are frozen with its vote', OLD.key;
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER treaty_levelchange_no_truncate ON treaty_levelchange;
DROP TRIGGER treaty_levelchange_append_only ON treaty_levelchange;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_invitations_and_tokens"),
        ("treaty", "0011_ballot_signatures_append_only"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="party",
            name="suspended_at",
        ),
        migrations.AddField(
            model_name="accreditation",
            name="renewed_by",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="renewal",
                to="treaty.vote",
            ),
        ),
        migrations.AlterField(
            model_name="accreditation",
            name="ended_at",
            field=models.DateTimeField(blank=True, help_text="Until when it stands, unless it is renewed.", null=True),
        ),
        migrations.CreateModel(
            name="Annexed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_at", models.DateTimeField()),
                (
                    "organisation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="annexed", to="accounts.organisation"
                    ),
                ),
                (
                    "vote",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="annexed", to="treaty.vote"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "annexed",
                "ordering": ["from_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="LevelChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("before", models.CharField(max_length=64)),
                ("level", models.CharField(max_length=64)),
                (
                    "parameters",
                    models.JSONField(help_text="The provisions of the pause from then on (rules.pauses.PauseTerms)."),
                ),
                ("from_at", models.DateTimeField()),
                (
                    "pause",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="level_changes", to="treaty.pause"
                    ),
                ),
                (
                    "vote",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="level_change", to="treaty.vote"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Suspension",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_at", models.DateTimeField()),
                ("until_at", models.DateTimeField(blank=True, null=True)),
                (
                    "lifted_by",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reinstatement",
                        to="treaty.vote",
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="suspensions", to="treaty.party"
                    ),
                ),
                (
                    "vote",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="suspension", to="treaty.vote"
                    ),
                ),
            ],
            options={
                "ordering": ["from_at"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("until_at", None)), fields=("party",), name="suspension_one_at_a_time"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lifted_by", None), ("until_at", None)),
                            models.Q(("lifted_by__isnull", False), ("until_at__gte", models.F("from_at"))),
                            _connector="OR",
                        ),
                        name="suspension_ends_by_a_decision",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
