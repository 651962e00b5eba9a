"""What an administrator may fill in, and what the package says of itself."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openai_server import KEY
from pydantic import ValidationError

from taskflow_llm_openai.config import Config


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"base_url": "ftp://example.org"}, "base_url"),
        ({"base_url": f"https://ada:{KEY}@example.org/v1"}, "base_url"),
        ({"base_url": "https://example.org/v1?x=1"}, "base_url"),
        ({"model": " "}, "model"),
        ({"timeout_s": 0.4}, "timeout_s"),
        ({"timeout_s": 61}, "timeout_s"),
        ({"max_retries": 6}, "max_retries"),
        ({"other": 1}, "other"),
    ],
)
def test_wrong_settings_are_refused_without_being_repeated(values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate({"model": "small", **values})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]
    assert KEY not in str(caught.value)


def test_every_setting_explains_itself() -> None:
    for name, field in Config.model_json_schema()["properties"].items():
        assert field["title"], name
        assert len(field["description"]) > 20, name


def test_the_readme_names_every_setting() -> None:
    page = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert [name for name in Config.model_fields if f"| `{name}` |" not in page] == []


def test_importing_it_loads_no_client() -> None:
    code = "import sys, taskflow_llm_openai; print({'openai', 'httpx', 'httpx2', 'django'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert loaded.stdout.strip() == "set()"
