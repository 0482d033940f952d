"""The Celery app and the whole beat schedule. Every task is a short sweep that may run late, twice or at the same time."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("fermata")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Seconds between sweeps. What a vote or a deadline *is* never waits for them; they only write down what already holds.
app.conf.beat_schedule = {
    name: {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 5)}}
    for name, task, seconds in [
        ("publish the record", "ledger.tasks.publish", 1.0),
        ("note that the beat is alive", "dashboard.tasks.beat", 5.0),
        ("apply what fell due between parties", "treaty.tasks.sweep_parties", 10.0),
        ("ask for declarations", "treaty.tasks.sweep_declarations", 30.0),
        ("open and close votes", "treaty.tasks.sweep_votes", 2.0),
        ("mail receipts", "treaty.tasks.mail_receipts", 5.0),
        ("evaluate triggers", "treaty.tasks.evaluate_triggers", 5.0),
        ("move pauses on", "treaty.tasks.sweep_pauses", 5.0),
        ("issue orders", "treaty.tasks.sweep_orders", 2.0),
        ("push orders", "treaty.tasks.push_orders", 2.0),
        ("plan inspections", "inspections.tasks.plan_visits", 5.0),
        ("open, seal and carry out draws", "inspections.tasks.sweep_draws", 5.0),
        ("mail what went on record", "notices.tasks.tell", 5.0),
        ("send webhooks", "notices.tasks.push", 2.0),
        ("plan the coming months", "inspections.tasks.run_scheduler", 60.0),
        ("move visits on", "inspections.tasks.sweep_visits", 10.0),
        ("tell the record of tips", "inspections.tasks.tell_tips", 60.0),
        ("publish grades", "inspections.tasks.publish_grades", 60.0),
        ("make the day's bundle of data", "dashboard.tasks.make_bundle", 60.0),
        ("note alarms of balances", "inspections.tasks.note_alarms", 600.0),
    ]
}
