"""Labels in scripts whose case SQLite does not know: the same on every database."""

import pytest

from tests.conftest import Api


def names(api: Api) -> list[str]:
    return [label["name"] for label in api.get("labels").json()["results"]]


@pytest.mark.parametrize(("first", "again"), [("ÄPFEL", "äpfel"), ("Straße", "STRASSE"), ("ΣΊΣΥΦΟΣ", "σίσυφος")])
def test_a_label_in_another_case_is_the_same_label(api: Api, first: str, again: str) -> None:
    for name in (first, again, again):
        assert api.post("tasks", {"title": "Bake", "project": "HOME", "labels": [name]}).status_code == 201
    assert names(api) == [first]
    assert len(api.get(f"tasks?label={again}").json()["results"]) == 3
    assert api.post("labels", {"project": "HOME", "name": again}).json()["code"] == "label_taken"


def test_a_label_is_not_renamed_to_another_ones_name_in_another_case(api: Api) -> None:
    api.post("labels", {"project": "HOME", "name": "Öl"})
    other = api.post("labels", {"project": "HOME", "name": "Wasser"}).json()
    assert api.patch(f"labels/{other['id']}", {"name": "ÖL"}).status_code == 409
    assert api.patch(f"labels/{other['id']}", {"name": "wasser"}).json()["name"] == "wasser"
