"""The `taskflow` command: joins the commands to the instance they work on."""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from taskflow.bootstrap import commands, plugin_commands
from taskflow.interfaces.cli import configuration, demonstration, users
from taskflow.interfaces.cli.client import adding, suggestions, tasks
from taskflow.interfaces.cli.client import session as sessions
from taskflow.interfaces.cli.output import Failure, Session, report_failure

if TYPE_CHECKING:
    from taskflow.config import Settings

#: Errors whose text is meant for the person at the keyboard, by module. Named, not imported: help must be quick, and
#: an error can only have been raised by a module that is loaded.
_EXPLAINED = {
    "taskflow.bootstrap.archive": ("BadArchive",),
    "taskflow.bootstrap.backups": ("NotRestored",),
    "taskflow.bootstrap.listener": ("CannotListen",),
    "taskflow.bootstrap.lock": ("AlreadyRunning",),
    "taskflow.bootstrap.migrations": ("NewerDatabase", "NotPrepared"),
    "taskflow.bootstrap.postgres": ("PostgresToolFailed",),
    "taskflow.config.errors": ("ConfigError",),
    "taskflow.domain.errors": ("TaskFlowError",),
    "taskflow.application.ports": ("Undecryptable",),
    "taskflow.infrastructure.distributions": ("NotInstalled",),
    "sqlite3": ("Error",),
    "django.db": ("DatabaseError",),
}


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        # Plain text: the library behind the boxes takes longer to load than everything else.
        rich_markup_mode=None,
        help="TaskFlow: a self-hosted task manager that suggests priorities.",
    )
    for command in (
        commands.up,
        commands.web,
        commands.worker,
        commands.gateway,
        commands.migrate,
        commands.doctor,
        commands.backup,
        commands.restore,
    ):
        app.command()(command)
    app.command()(sessions.login)
    app.command()(sessions.logout)
    app.command()(adding.add)
    app.command("list")(tasks.list_tasks)
    app.command()(tasks.today)
    app.command()(tasks.done)
    app.command()(suggestions.suggest)
    app.add_typer(plugin_commands.app, name="plugins")
    app.add_typer(users.app, name="user")
    app.add_typer(demonstration.app, name="demo")
    app.add_typer(configuration.app, name="config")
    app.add_typer(commands.secrets_app, name="secrets")
    return app


def main() -> None:
    """Run the command line and exit: 0 success, 1 failure with one line on standard error, 2 wrong usage."""
    session = Session(open_instance=_open)
    try:
        build()(obj=session, prog_name="taskflow")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read the output has seen enough (`taskflow list | head`). Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (Failure, OSError) as error:
        report_failure(error, as_json=session.json)
        sys.exit(1)
    except Exception as error:
        if not _is_explained(error):
            raise
        report_failure(_explain(error), as_json=session.json)
        sys.exit(1)


def _explain(error: Exception) -> str:
    """The error's text; where it lists what is wrong with fields, that list."""
    fields = getattr(error, "errors", None)
    return " ".join(f"{field.field}: {field.detail}" for field in fields) if fields else str(error)


def _is_explained(error: Exception) -> bool:
    for module, names in _EXPLAINED.items():
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(error, tuple(getattr(loaded, name) for name in names)):
            return True
    return False


def _open(overrides: Mapping[str, object] | None = None, *, create: bool = True, prepared: bool = False) -> "Settings":
    # Imported here: help must be quick.
    from taskflow.bootstrap.instance import open_instance

    if not prepared:
        return open_instance(overrides, create=create)
    # A misspelt folder must not become an instance of its own: it is looked at before anything is written.
    settings = open_instance(overrides, create=False)

    from taskflow.bootstrap.migrations import require_prepared

    require_prepared(settings)
    return settings


if __name__ == "__main__":
    main()
