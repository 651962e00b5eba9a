from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def compute_reminders(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Gives the reminders that exist their instants, by the rule of `domain/reminders.py` as of this migration."""
    reminders = apps.get_model("store", "Reminder").objects
    reminders.exclude(at=None).update(remind_at=models.F("at"))
    changed = []
    for reminder in reminders.filter(at=None).select_related("task__created_by").iterator(chunk_size=500):
        task, due = reminder.task, reminder.task.due_at
        if task.due_date is not None:
            try:
                zone = ZoneInfo(task.created_by.timezone if task.created_by else "UTC")
            except (KeyError, ValueError, OSError):
                zone = ZoneInfo("UTC")
            due = datetime.combine(task.due_date, time(9), zone).astimezone(UTC)
        if due is not None:
            reminder.remind_at = due - timedelta(minutes=reminder.minutes_before)
            changed.append(reminder)
    reminders.bulk_update(changed, ["remind_at"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="reminder",
            name="remind_at",
            field=models.DateTimeField(db_index=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="task",
            name="previous",
            field=models.OneToOneField(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="next",
                to="store.task",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="recurrence",
            field=models.CharField(blank=True, default="", max_length=500),
        ),
        migrations.AddField(
            model_name="task",
            name="recurrence_basis",
            field=models.CharField(
                choices=[("due", "due date"), ("completion", "completion")], default="due", max_length=10
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="recurrence_clock",
            field=models.TimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="task",
            name="recurrence_day",
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        migrations.RunPython(compute_reminders, migrations.RunPython.noop),
    ]
