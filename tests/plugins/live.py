"""Real instances with plugins: web and worker in processes of their own, spoken to as an administrator does."""

import time
from pathlib import Path
from typing import Any

import httpx

from tests.bootstrap.instances import Instance, wait_for
from tests.environments import Environment, make_environment

PASSWORD = "correct-horse-9-battery"
ADMIN = {
    "ADMIN_USERNAME": "ada",
    "ADMIN_EMAIL": "ada@example.org",
    "ADMIN_PASSWORD": PASSWORD,
    "RATE_LIMITS": "off",
}
#: Seconds within which a suggestion is there, whatever plugins do.
PROMISE = 10.0


class Live:
    """An instance in an environment of its own, and the client of its administrator."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.environment: Environment = make_environment(folder / "environment")
        self.data_dir = folder / "data"
        self.instance = Instance(self.data_dir, {**ADMIN, **env}, python=str(self.environment.python))
        self.answers: list[str] = []
        self._client: httpx.Client | None = None

    @property
    def site(self) -> Path:
        """Where its plugins are installed."""
        return self.environment.packages

    def start(self) -> "Live":
        """Starts it, signs the administrator in, and makes a project that lets tasks leave."""
        self.instance.start()
        self._client = httpx.Client(base_url=f"{self.instance.url}/api/v1/", timeout=60)
        body = {"username": "ada", "password": PASSWORD, "name": "live"}
        token = self._client.post("auth/tokens", json=body).raise_for_status().json()["token"]
        self._client.headers["Authorization"] = f"Bearer {token}"
        self.project = self.call("POST", "projects", {"name": "Live", "remote_models_allowed": True})["id"]
        return self

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """A request of the administrator's; its answer is kept."""
        assert self._client is not None, "not started"
        if method != "GET" and "content" not in options:
            options["json"] = {} if body is None else body
        answer = self._client.request(method, path, **options)
        self.answers.append(answer.text)
        return answer

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The document of an answer that must be a good one."""
        answer = self.ask(method, path, body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:1000]}"
        return answer.json()

    def cards(self) -> dict[str, dict[str, Any]]:
        """The plugins as they are listed, by slug; of twins the last."""
        return {card["slug"]: card for card in self.call("GET", "plugins")["results"]}

    def enable(self, slug: str, **config: Any) -> dict[str, Any]:
        card: dict[str, Any] = self.call("PATCH", f"plugins/{slug}", {"enabled": True, "config": config})
        return card

    def disable(self, slug: str) -> None:
        self.call("PATCH", f"plugins/{slug}", {"enabled": False})

    def suggest(self, title: str = "Pay the invoice", patience: float = 30) -> tuple[dict[str, Any], float]:
        """A suggestion on a new task, and the seconds that it took."""
        task = self.call("POST", "tasks", {"project": self.project, "title": title})["id"]
        began = time.monotonic()
        asked = self.call("POST", f"tasks/{task}/priority-suggestions")["id"]

        def find() -> dict[str, Any] | None:
            found: dict[str, Any] = self.call("GET", f"priority-suggestions/{asked}")
            return None if found["state"] == "queued" else found

        found: dict[str, Any] = wait_for(find, patience)
        return found, time.monotonic() - began

    def command(self, *arguments: str, stdin: str = "", **env: str) -> Any:
        """One command on this instance, to its end."""
        variables = {f"TASKFLOW_{name}": value for name, value in {**self.instance.env, **env}.items()}
        done = self.environment.taskflow(*arguments, "--data-dir", self.data_dir, env=variables, stdin=stdin)
        self.answers += [done.stdout, done.stderr]
        return done

    def end(self) -> None:
        """Ends it and everything that it started in its process group."""
        if self._client is not None:
            self._client.close()
        self.instance.kill_everything()


def heard(suggestion: dict[str, Any], slug: str) -> list[dict[str, Any]]:
    """The signals of one plugin."""
    return [signal for signal in suggestion["signals"] if signal["provider"].partition(":")[0] == slug]
