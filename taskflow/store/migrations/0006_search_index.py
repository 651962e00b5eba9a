"""An index behind the search: on PostgreSQL a generated column of lexemes, on SQLite what `store/search_index.py` keeps
after every migration. The models know nothing of it: only hand-written SQL reads it."""

from django.db import migrations, models
from django.db.models.functions import Length

WORD_LENGTH, SEARCH_LENGTH = 100, 100_000


def cut_words(apps, schema_editor):
    """Words from now on have a greatest length: a lexeme of PostgreSQL holds no more than 2,046 bytes."""
    tasks = apps.get_model("store", "Task").objects.using(schema_editor.connection.alias)
    tasks = tasks.annotate(length=Length("search_text"))
    wanted = models.Q(search_text__regex=rf"[^ ]{{{WORD_LENGTH + 1}}}") | models.Q(length__gt=SEARCH_LENGTH)
    for pk in list(tasks.filter(wanted).values_list("pk", flat=True)):
        words = dict.fromkeys(word[:WORD_LENGTH] for word in tasks.get(pk=pk).search_text.split())
        text = "".join(f" {word}" for word in words)
        if len(text) > SEARCH_LENGTH:
            text = text[: SEARCH_LENGTH + 1].rpartition(" ")[0]
        tasks.filter(pk=pk).update(search_text=text)


def add_vector(apps, schema_editor):
    """No parser of PostgreSQL's sees the words: they are the lexemes, so that it finds what SQLite finds."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "ALTER TABLE store_task ADD COLUMN search_vector tsvector "
            "GENERATED ALWAYS AS (array_to_tsvector(string_to_array(ltrim(search_text), ' '))) STORED"
        )
        # New entries wait in a list that every search reads through, so it is kept short: writes cost the same.
        schema_editor.execute(
            "CREATE INDEX store_task_search_vector ON store_task USING gin (search_vector) "
            "WITH (gin_pending_list_limit = 256)"
        )


def drop_vector(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE store_task DROP COLUMN search_vector")


class Migration(migrations.Migration):
    dependencies = [("store", "0005_saved_filters")]

    operations = [
        migrations.RunPython(cut_words, migrations.RunPython.noop),
        migrations.RunPython(add_vector, drop_vector),
    ]
