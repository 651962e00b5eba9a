"""The commands that run and look after an instance. Each imports what it needs when it runs: help must be quick."""

import contextlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from taskflow.interfaces.cli.output import DataDir, Json, Session, select_instance

secrets_app = typer.Typer(no_args_is_help=True, help="Look after the encryption keys.")


def up(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    data_dir: DataDir = None,
    demo: Annotated[bool, typer.Option("--demo", help="Load the demonstration unless it is there.")] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
    json: Json = False,
) -> None:
    """Start TaskFlow on this machine; Ctrl-C ends it."""
    from taskflow.bootstrap.preparation import Started
    from taskflow.bootstrap.up import open_browser, run_embedded

    session: Session = context.obj

    def announce(started: Started) -> None:
        if started.signs_in:
            line = f"TaskFlow is running. Nobody can sign in yet; this link works once: {started.url}"
        else:
            line = f"TaskFlow is running: {started.url}"
        # Whoever started this may have gone away with the terminal; that ends nothing.
        with contextlib.suppress(OSError):
            session.show({"url": started.url, "signs_in": started.signs_in}, [line])
        if started.warning:
            typer.echo(started.warning, err=True)
        if not no_browser:
            open_browser(started.url)

    overrides = {**select_instance(data_dir), "bind_host": host, "bind_port": port}
    raise typer.Exit(run_embedded(overrides, demo=demo, announce=announce))


def web(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes; as many as there are cores.")] = 2,
    threads: Annotated[int, typer.Option(min=1, max=32, help="Requests at a time in each.")] = 4,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Serve requests only, on several processes; run `migrate` before and `worker` beside it."""
    from taskflow.bootstrap.replicas import serve_replicas

    session: Session = context.obj
    settings = session.open(data_dir)

    # Only now: it needs Django.
    from taskflow.bootstrap.first_run import create_administrator

    create_administrator(settings)
    session.show({"host": host, "port": port}, [f"TaskFlow serves on {host} port {port}."])
    serve_replicas(settings, host=host, port=port, processes=processes, threads=threads)


def worker(context: typer.Context, data_dir: DataDir = None, json: Json = False) -> None:
    """Run the jobs only, beside `web`; several workers share them."""
    session: Session = context.obj
    settings = session.open(data_dir)

    # Only now: they need Django.
    from taskflow.bootstrap.first_run import require_plugins
    from taskflow.bootstrap.worker import work

    if settings.strict_plugins:
        require_plugins()
    raise typer.Exit(work(settings, ready=lambda: session.show({"working": True}, ["TaskFlow works on jobs."])))


def gateway(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8100,
    json: Json = False,
) -> None:
    """Serve language models and the feed of events, for cores that name it in TASKFLOW_GATEWAY_URL."""
    from taskflow.bootstrap.gateway import become_gateway

    session: Session = context.obj
    said = {"host": host, "port": port}
    become_gateway(host, port, ready=lambda: session.show(said, [f"TaskFlow's gateway serves on {host} port {port}."]))


def migrate(context: typer.Context, data_dir: DataDir = None, json: Json = False) -> None:
    """Bring the database to this release's schema; a copy of an SQLite file is kept first."""
    session: Session = context.obj
    settings = session.open_instance(select_instance(data_dir))

    from taskflow.bootstrap.migrations import migrate as apply

    applied, copy = apply(settings)
    lines = [f"Applied {name}" for name in applied] or ["Nothing to apply."]
    if copy is not None:
        lines.append(f"The database as it was before: {copy}")
    session.show({"applied": applied, "copy": copy}, lines)


def doctor(context: typer.Context, data_dir: DataDir = None, json: Json = False) -> None:
    """Check the instance: settings, keys, database, disk, port, jobs, clock. Fails when one check fails."""
    from taskflow.bootstrap.doctor import Finding, examine
    from taskflow.config import ConfigError

    session: Session = context.obj
    try:
        settings = session.open_instance(select_instance(data_dir), create=False)
        findings = [Finding("settings", "ok", "valid"), *examine(settings)]
    except ConfigError as error:
        findings = [Finding("settings", "fail", f"{error.name}: {error.problem}", error.remedy)]
    failed = any(finding.status == "fail" for finding in findings)
    lines = [
        f"{finding.status:<4}  {finding.check}: {finding.detail}"
        + (f"\n      → {finding.remedy}" if finding.remedy else "")
        for finding in findings
    ]
    session.show({"ok": not failed, "checks": [asdict(finding) for finding in findings]}, lines)
    raise typer.Exit(int(failed))


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write, for instance taskflow.tar.gz.")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Write database and keys to one file, also beside a running instance. Keep it safe: it holds everything."""
    session: Session = context.obj
    settings = session.open(data_dir)

    from taskflow.bootstrap.backups import create_backup

    manifest = create_backup(settings, file)
    size = file.expanduser().stat().st_size
    lines = [f"Wrote {file} ({size:,} bytes): {', '.join(manifest.files)}"]
    if settings.secret_keys or settings.secret_key:
        lines.append("Keys that come from the environment are not in it; keep them too.")
    session.show({"file": file, "size": size, "manifest": asdict(manifest)}, lines)


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that taskflow backup wrote.")],
    data_dir: DataDir = None,
    force: Annotated[bool, typer.Option("--force", help="Move data that are there aside.")] = False,
    json: Json = False,
) -> None:
    """Put a backup in place of the instance's data. The instance must be stopped."""
    session: Session = context.obj
    settings = session.open_instance(select_instance(data_dir), create=False)

    from taskflow.bootstrap.backups import restore_backup

    done = restore_backup(settings, file, force=force)
    lines = [f"Restored the backup of {done.manifest.created_at} (release {done.manifest.version})."]
    if done.aside is not None:
        lines.append(f"The old data are in {done.aside}")
    lines += [f"Applied {name}" for name in done.migrated]
    session.show(asdict(done), lines)


@secrets_app.callback()
def keys() -> None:
    """Look after the encryption keys."""


@secrets_app.command("rotate")
def rotate(
    context: typer.Context,
    data_dir: DataDir = None,
    prune: Annotated[bool, typer.Option("--prune", help="Forget the old keys afterwards.")] = False,
    json: Json = False,
) -> None:
    """Make a new encryption key and bring every stored secret under it, also beside a running instance."""
    session: Session = context.obj
    settings = session.open(data_dir)

    from taskflow.bootstrap.rotation import rotate_secrets

    done = rotate_secrets(settings, prune=prune)
    lines = [f"{done.reencrypted} secrets were brought under the newest of {done.keys} keys."]
    if not done.new_key:
        lines.append("The ring comes from TASKFLOW_SECRET_KEYS: to rotate, put a new key first there, then run again.")
    session.show(asdict(done), lines)
