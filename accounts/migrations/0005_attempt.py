from django.db import migrations


class Migration(migrations.Migration):
    """The table of `web.memory.Counts`, as Django's cache in a database has it."""

    dependencies = [("accounts", "0004_keys_append_only")]

    operations = [
        migrations.RunSQL(
            """
            CREATE TABLE accounts_attempt (
                cache_key varchar(255) PRIMARY KEY,
                value text NOT NULL,
                expires timestamp with time zone NOT NULL
            );
            CREATE INDEX accounts_attempt_expires ON accounts_attempt (expires);
            """,
            "DROP TABLE accounts_attempt",
        )
    ]
