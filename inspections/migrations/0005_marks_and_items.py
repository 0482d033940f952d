from django.db import migrations, models
from django.db.models import Q

MARKS = [
    ("public", "Public"),
    ("parties", "Parties and bodies only"),
    ("sealed", "Sealed: the inspected party and the team's bodies only"),
]
# A change of a column's type is no change of a row: what is locked since its report was submitted keeps its lock.
FORWARD = """
ALTER TABLE {table} ALTER COLUMN confidential TYPE varchar(8) USING CASE WHEN confidential THEN 'sealed' ELSE 'public' END;
ALTER TABLE {table} RENAME COLUMN confidential TO mark;
"""
BACKWARD = """
ALTER TABLE {table} RENAME COLUMN mark TO confidential;
ALTER TABLE {table} ALTER COLUMN confidential TYPE boolean USING confidential <> 'public';
"""


def marked(model):
    """Return the operations that turn a model's `confidential` into a mark."""
    table = f"inspections_{model}"
    return [
        migrations.RunSQL(
            FORWARD.format(table=table),
            BACKWARD.format(table=table),
            state_operations=[
                migrations.RenameField(model, "confidential", "mark"),
                migrations.AlterField(
                    model, "mark", models.CharField(choices=MARKS, default="public", max_length=8)
                ),
            ],
        ),
        migrations.AddConstraint(
            model,
            models.CheckConstraint(condition=Q(mark__in=["public", "parties", "sealed"]), name=f"{model}_mark"),
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("inspections", "0004_challenges")]
    operations = [
        *marked("finding"),
        *marked("evidence"),
        migrations.AddField("evidence", "item", models.CharField(blank=True, max_length=64, default=""), False),
    ]
