"""Distributions made on the spot: a module and the metadata that pip would write, in a folder of their own."""

from pathlib import Path

GOOD = """
from taskflow.plugin_api import Kind, Manifest, Network, PluginConfig, hookimpl


class Config(PluginConfig):
    level: int = 3


manifest = Manifest(slug="{slug}", name="Good", kinds={{Kind.PRIORITISER}}, network=Network.NONE, config=Config)


@hookimpl
def taskflow_prioritisers(ctx):
    return []
"""


def make(
    folder: Path,
    slug: str,
    code: str | None = None,
    *,
    distribution: str | None = None,
    group: str = "taskflow.plugins.v1",
    version: str = "1.0",
    value: str | None = None,
) -> str:
    """Writes module and metadata of a plugin; the module's name."""
    name = distribution or f"taskflow-{slug}"
    module = name.replace("-", "_").lower()
    (folder / f"{module}.py").write_text(GOOD.format(slug=slug) if code is None else code)
    metadata = folder / f"{module}-{version}.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nAuthor-email: Ann <ann@example.org>\n"
    )
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{slug} = {value or module}\n")
    record(folder, metadata, module)
    return module


def record(folder: Path, metadata: Path, module: str) -> None:
    """Writes RECORD as an installer does."""
    text = (folder / f"{module}.py").read_text()
    (metadata / "RECORD").write_text(f"{module}.py,sha256={hash(text)},{len(text)}\n")
