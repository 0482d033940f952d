from django.db import migrations


class Migration(migrations.Migration):
    """The head's one row is updated at every commit: leave room on its page, so that no index and no new page is written."""

    dependencies = [("ledger", "0003_checkpoints")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE ledger_head SET (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);",
            "ALTER TABLE ledger_head RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);",
        )
    ]
