"""Labels are compared by a folded name of their own, alike on every database."""

from typing import Any

from django.db import migrations, models

from taskflow.store.models.projects import fold_label


def fill_keys(apps: Any, schema_editor: Any) -> None:
    """Folds every name; of labels that differ in case alone, the oldest takes the tasks of the others."""
    label_model = apps.get_model("store", "Label")
    kept: dict[tuple[Any, str], Any] = {}
    for label in label_model.objects.order_by("created_at", "pk"):
        key = fold_label(label.name)
        first = kept.setdefault((label.project_id, key), label)
        if first is label:
            label_model.objects.filter(pk=label.pk).update(name_key=key)
        else:
            for task in label.tasks.all():
                task.labels.add(first)
            label.delete()


class Migration(migrations.Migration):
    """See above."""

    dependencies = [("store", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="label", name="label_name_ci"),
        migrations.AddField(
            model_name="label",
            name="name_key",
            field=models.CharField(default="", editable=False, max_length=300),
            preserve_default=False,
        ),
        migrations.RunPython(fill_keys, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="label",
            constraint=models.UniqueConstraint(
                fields=("project", "name_key"), name="label_name_once", violation_error_message="Taken."
            ),
        ),
    ]
