"""Encryption at rest: purposes apart, rings that grow, values that do not fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow.application.ports import Undecryptable
from taskflow.config.keys import generate_fernet_key
from taskflow.infrastructure.crypto import SecretBox


def box(*ring: str) -> SecretBox:
    return SecretBox(lambda: ring)


OLD, NEW = generate_fernet_key(), generate_fernet_key()


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    token = box(OLD).encrypt(text, "test")
    assert box(OLD).decrypt(token, "test") == text


def test_a_token_shows_nothing_and_differs_every_time() -> None:
    first, second = (box(OLD).encrypt("very secret words", "test") for _ in range(2))
    assert first != second
    assert "secret" not in first


def test_a_value_of_one_purpose_does_not_decrypt_for_another() -> None:
    token = box(OLD).encrypt("value", "mail password")
    with pytest.raises(Undecryptable, match="second factor"):
        box(OLD).decrypt(token, "second factor")


def test_a_longer_ring_still_reads_old_values_and_writes_with_the_newest_key() -> None:
    token = box(OLD).encrypt("value", "test")
    assert box(NEW, OLD).decrypt(token, "test") == "value"
    assert not box(NEW, OLD).is_current(token, "test")
    rotated = box(NEW, OLD).rotate(token, "test")
    assert box(NEW, OLD).is_current(rotated, "test")
    assert box(NEW).decrypt(rotated, "test") == "value"
    with pytest.raises(Undecryptable):
        box(OLD).decrypt(rotated, "test")


@pytest.mark.parametrize("token", ["", "nonsense", "gAAAAA"])
def test_a_damaged_value_is_a_typed_error_that_does_not_repeat_it(token: str) -> None:
    with pytest.raises(Undecryptable) as caught:
        box(OLD).decrypt(token, "test")
    assert not token or token not in str(caught.value)


def test_a_rotation_elsewhere_takes_effect_at_once() -> None:
    ring = [OLD]
    shared = SecretBox(lambda: tuple(ring))
    shared.encrypt("value", "test")
    ring.insert(0, NEW)
    assert box(NEW).decrypt(shared.encrypt("value", "test"), "test") == "value"
