from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("treaty", "0012_membership_and_levels")]
    operations = [
        migrations.AddField(
            model_name="ballot",
            name="salt",
            field=models.CharField(blank=True, default="", help_text="Of a sealed ballot's commitment.", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="ballotsignature",
            name="salt",
            field=models.CharField(blank=True, default="", help_text="Of a sealed signature's commitment.", max_length=64),
            preserve_default=False,
        ),
    ]
