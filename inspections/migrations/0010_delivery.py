import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inspections", "0009_accounting")]

    operations = [
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("device", models.CharField(blank=True, max_length=36)),
                ("key", models.CharField(max_length=36)),
                ("answer", models.JSONField()),
                ("received_at", models.DateTimeField()),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="inspections.report",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "constraints": [models.UniqueConstraint(fields=("report", "key"), name="delivery_once")],
            },
        ),
    ]
