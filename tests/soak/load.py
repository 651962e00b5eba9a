"""Clients that write without pause and remember what they were told is done."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class Acknowledged:
    """What the server said it had done. Of a task the version that the last answer showed."""

    versions: dict[str, int] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    completed: set[str] = field(default_factory=set)
    comments: set[str] = field(default_factory=set)
    suggestions: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)


class LoadClient:
    """One client in a thread, with tasks of its own: creates, updates, completes, comments, asks for suggestions."""

    def __init__(self, url: str, headers: dict[str, str], project: str, seed: int) -> None:
        self.done = Acknowledged()
        #: Answers that no restart explains.
        self.surprises: list[str] = []
        self._project = project
        self._http = httpx.Client(base_url=f"{url}/api/v1/", headers=headers, timeout=30)
        self._dice = random.Random(seed)
        self._open: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()
        self._http.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            acts = [self._update, self._update, self._comment, self._suggest, self._complete]
            act = self._create if len(self._open) < 5 else self._dice.choice([self._create, *acts])
            try:
                act()
            except httpx.HTTPError:
                self.done.counts["no answer"] += 1
                time.sleep(0.05)

    def _send(self, method: str, path: str, wanted: tuple[int, ...], body: Any = None) -> Any:
        answer = self._http.request(method, path, json=body)
        if answer.status_code in wanted:
            return answer.json()
        self.surprises.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return None

    def _create(self) -> None:
        title = f"Task {self._dice.getrandbits(40):x} of the load"
        task = self._send("POST", "tasks", (201,), {"title": title, "project": self._project})
        if task is not None:
            self._note(task)
            self._open.append(task["id"])
            self.done.counts["created"] += 1

    def _update(self) -> None:
        pk = self._dice.choice(self._open)
        title, priority = f"Changed {self._dice.getrandbits(40):x}", self._dice.choice(["low", "high", "urgent"])
        task = self._send("PATCH", f"tasks/{pk}", (200,), {"title": title, "priority": priority})
        if task is not None:
            self._note(task)
            self.done.counts["updated"] += 1

    def _complete(self) -> None:
        pk = self._open.pop(self._dice.randrange(len(self._open)))
        task = self._send("POST", f"tasks/{pk}/complete", (200,))
        if task is not None:
            self._note(task)
            self.done.completed.add(pk)
            self.done.counts["completed"] += 1

    def _comment(self) -> None:
        pk = self._dice.choice(self._open)
        comment = self._send("POST", f"tasks/{pk}/comments", (201,), {"body": f"Remark {self._dice.random()}"})
        if comment is not None:
            self.done.comments.add(comment["id"])
            self.done.counts["commented"] += 1

    def _suggest(self) -> None:
        pk = self._dice.choice(self._open)
        suggestion = self._send("POST", f"tasks/{pk}/priority-suggestions", (202, 200))
        if suggestion is not None:
            self.done.suggestions.add(suggestion["id"])
            self.done.counts["suggested"] += 1

    def _note(self, task: dict[str, Any]) -> None:
        pk = task["id"]
        self.done.versions[pk] = task["version"]
        self.done.titles[pk] = task["title"]
