"""Pages that are made from code agree with it."""

from taskflow.bootstrap import docs


def test_the_pages_agree_with_the_code() -> None:
    assert docs.find_stale() == [], "run: make docs"


def test_the_pages_name_every_setting_and_command() -> None:
    settings, commands = docs.write_settings(), docs.write_commands()
    assert "`TASKFLOW_SECRET_KEYS` (or `TASKFLOW_SECRET_KEYS_FILE`)" in settings
    assert "BIND_" not in settings
    for command in ("up", "migrate", "doctor", "backup FILE", "restore FILE", "demo load", "demo wipe"):
        assert f"## `taskflow {command}`" in commands
    for command in ("user create USERNAME", "user reset-link USERNAME", "config show", "secrets rotate"):
        assert f"## `taskflow {command}`" in commands
