"""Opens an instance: settings, Django, adapters. Every entry point begins here."""

import importlib
import os
import pkgutil
from collections.abc import Mapping
from types import ModuleType

from taskflow.bootstrap.lock import is_running, read_note
from taskflow.config import Settings, load_settings, use_settings
from taskflow.config.keys import create_keys

SETTINGS_MODULE = "taskflow.settings.django"

#: One thread each for numpy's libraries: the vectors here are small, and a process must have one thread when it forks.
_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def open_instance(overrides: Mapping[str, object] | None = None, *, create: bool = True) -> Settings:
    """Load the settings (arguments over environment), create missing keys, set Django up and join the ports.

    Without `create` nothing is written. Raises ConfigError.
    """
    settings = _meet_running(load_settings(os.environ, overrides), overrides or {})
    if create:
        create_keys(settings)
    use_settings(settings)
    # Whatever this process writes is its owner's alone.
    os.umask(0o077)
    for variable in _THREAD_VARIABLES:
        os.environ.setdefault(variable, "1")
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS_MODULE

    import django

    django.setup()
    join_ports(settings)
    from taskflow.store.credential_changes import open_counter

    open_counter(settings.data_dir, create=create)
    return settings


def _meet_running(settings: Settings, overrides: Mapping[str, object]) -> Settings:
    """The settings with the address of the server that runs on this data folder: links that a command prints lead
    there."""
    note = read_note(settings.data_dir)
    if "bind_port" in overrides or note is None or not is_running(settings.data_dir):
        return settings
    host, _, port = note.address.rpartition(" ")
    return load_settings(os.environ, {**overrides, "bind_host": host, "bind_port": int(port)})


def join_ports(settings: Settings) -> None:
    """Give the use cases their adapters."""
    from taskflow.application import ports
    from taskflow.infrastructure.crypto import open_box
    from taskflow.infrastructure.files import FolderStore, find_file_folder
    from taskflow.infrastructure.queue.local import LocalQueue, find_socket_path

    ports.install(
        queue=LocalQueue(find_socket_path(settings.data_dir)),
        files=FolderStore(find_file_folder(settings.data_dir)),
        secrets=open_box(),
    )


def load_use_cases() -> None:
    """Import every module of `taskflow.application`: each registers its jobs' handlers when it is imported."""
    import taskflow.application

    for module in pkgutil.iter_modules(taskflow.application.__path__, "taskflow.application."):
        importlib.import_module(module.name)


def load_interfaces() -> ModuleType:
    """Import all that a request may need, so that forked processes share it and the first request is not slow."""
    from django.urls import get_resolver

    from taskflow.bootstrap import wsgi

    _visit(get_resolver().url_patterns)
    return wsgi


def _visit(patterns: object) -> None:
    for pattern in patterns if isinstance(patterns, list) else []:
        _visit(getattr(pattern, "url_patterns", None))
