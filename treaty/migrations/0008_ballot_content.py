from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("treaty", "0007_trigger_evaluations_append_only")]
    operations = [
        migrations.RemoveConstraint(model_name="ballot", name="ballot_nonce"),
        migrations.RemoveField(model_name="ballot", name="nonce"),
        migrations.AddField(
            model_name="ballot",
            name="content",
            field=models.BinaryField(default=b"", help_text="The canonical ballot, byte for byte as it is hashed."),
            preserve_default=False,
        ),
    ]
