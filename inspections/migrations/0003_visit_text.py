import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inspections", "0002_locked_when_submitted"), ("treaty", "0004_pauses")]
    operations = [
        migrations.AddField(
            model_name="visit",
            name="text",
            field=models.ForeignKey(default=1, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="treaty.treatytext", help_text="In force when it was planned; it governs the visit to its end."),
            preserve_default=False,
        ),
        migrations.AlterField(model_name="visit", name="planned_at", field=models.DateTimeField()),
    ]
