"""Killing the process at a chosen step of the database, as by kill -9."""

from collections.abc import Callable
from typing import Any, cast

from django.db import connection, connections


class Killed(BaseException):
    """The process ends here, as by kill -9: nobody catches it."""


class Crash:
    """Kills the process at its `at`-th database step (statement or commit), before or `after` the step took effect."""

    def __init__(self, at: int | None = None, *, after: bool = False) -> None:
        self.at, self.after = at, after
        self.steps = self.commits = 0
        self.died = False

    def __enter__(self) -> "Crash":
        self._statements = connection.execute_wrapper(self._execute)
        self._statements.__enter__()
        self._wrapped = cast(Any, connections["default"])
        self._really_commit, self._really_switch = self._wrapped._commit, self._wrapped._set_autocommit
        self._wrapped._commit, self._wrapped._set_autocommit = self._commit, self._switch
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        self._wrapped._commit, self._wrapped._set_autocommit = self._really_commit, self._really_switch
        self._statements.__exit__(None, None, None)
        if self.died:
            # The database notices that the client is gone and rolls back; what comes next is another process.
            gone = self._wrapped.connection
            gone.close()
            if getattr(self._wrapped, "pool", None):
                # Of this process, which lives on, the pool has to know that it may open another.
                self._wrapped.pool.putconn(gone)
            del connections["default"]
        return kind is Killed

    def _execute(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        return self._step(lambda: execute(sql, params, many, context))

    def _commit(self) -> None:
        def commit() -> None:
            self._really_commit()
            self.commits += 1

        self._step(commit)

    def _switch(self, autocommit: bool) -> None:
        # Python's sqlite3 commits when it is told to do without transactions; the dead tell it nothing.
        if self.died:
            raise Killed
        self._really_switch(autocommit)

    def _step(self, act: Callable[[], Any]) -> Any:
        if self.died:
            raise Killed  # the dead roll nothing back and note no failure
        self.steps += 1
        self.died = self.steps == self.at
        if self.died and not self.after:
            raise Killed
        result = act()
        if self.died:
            raise Killed
        return result
