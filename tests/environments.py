"""Environments that are thrown away, and wheels to install into them: nothing here alters the one that tests run in."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bootstrap.instances import clean_environment
from tests.plugin_host.distributions import GOOD


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment that sees TaskFlow and its libraries, which lie outside of it and so cannot be changed."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Where its own distributions are."""
        return Path(sysconfig.get_path("purelib", vars={"base": str(self.folder)}))

    def installed(self) -> list[str]:
        """Names and versions of its own distributions."""
        return sorted(path.name.removesuffix(".dist-info") for path in self.packages.glob("*.dist-info"))

    def add(self, *wheels: Path) -> None:
        """Installs pure wheels, without an installer's second."""
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(self.packages)

    def run(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        """Runs its interpreter to the end; `env` is added as it is."""
        return self._run(arguments, env, "")

    def taskflow(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, stdin: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """Runs one command of TaskFlow's to its end; `env` is added as it is."""
        return self._run(["-m", "taskflow.bootstrap.main", *arguments], env, stdin)

    def _run(
        self, arguments: Sequence[str | Path], env: Mapping[str, str] | None, stdin: str
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(self.python), *map(str, arguments)],
            env=clean_environment() | dict(env or {}),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def make_environment(folder: Path, *, pip: bool = True) -> Environment:
    """Made in 0.1 s, where copying pip takes 5: pip is that of the running environment, or hidden."""
    venv.EnvBuilder(symlinks=True).create(folder)
    environment = Environment(folder)
    lines = [f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})"]
    lines += [] if pip else ["import sys; sys.modules['pip'] = None"]
    (environment.packages / "core.pth").write_text("\n".join(lines) + "\n")
    return environment


def make_wheel(
    folder: Path,
    slug: str,
    *,
    version: str = "1.0",
    code: str | None = None,
    requires: Sequence[str] = (),
    distribution: str | None = None,
    point: bool = True,
) -> Path:
    """A plugin's wheel, as a build writes it; without `point` a library's, named as `distribution` says."""
    name = distribution or f"taskflow-{slug}"
    module = name.replace("-", "_").lower()
    info = f"{module}-{version}.dist-info"
    requirements = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    files = {
        f"{module}.py": GOOD.format(slug=slug) if code is None else code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requirements}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if point:
        files[f"{info}/entry_points.txt"] = f"[taskflow.plugins.v1]\n{slug} = {module}\n"
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    folder.mkdir(exist_ok=True)
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(inside, text)
    return path


def run_python(*arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """What a command of the running interpreter prints; it must succeed."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env=clean_environment() | dict(env or {}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_and_install(source: Path, folder: Path) -> Path:
    """A package's wheel, built without any index, and the folder that it was installed into."""
    run_python("-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist", cwd=source)
    (wheel,) = (folder / "dist").glob("*.whl")
    target = folder / "target"
    run_python("-m", "pip", "install", "--no-deps", "--no-index", "--target", target, wheel)
    return target
