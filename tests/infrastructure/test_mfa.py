"""Second factors are encrypted in the database and survive a rotation of the keys."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache

from taskflow.application.ports import Undecryptable
from taskflow.bootstrap.rotation import rotate_secrets
from taskflow.config import Settings, current_settings, load_settings, use_settings
from taskflow.config.keys import RING_FILE, create_keys, generate_fernet_key
from taskflow.infrastructure.crypto import open_box
from taskflow.infrastructure.mfa import count_second_factors
from taskflow.store.models import User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Settings]:
    before = current_settings()
    settings = load_settings({}, {"data_dir": tmp_path})
    create_keys(settings)
    use_settings(settings)
    yield settings
    use_settings(before)


@pytest.fixture
def ada(instance: Settings, make_user: Callable[..., User]) -> User:
    user = make_user("ada")
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    return user


def works(user: User) -> bool:
    factor = TOTP(Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP))
    for _ in range(2):  # a second time for the case that the code's half minute just ended
        cache.clear()  # a code is good for one use
        code = format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))
        if factor.validate_code(code):
            return True
    return False


def test_the_database_does_not_hold_the_secret(ada: User) -> None:
    rows = str(list(Authenticator.objects.values()))
    assert SECRET not in rows
    assert works(ada)


def test_a_rotation_makes_a_key_and_brings_every_secret_under_it(ada: User, instance: Settings) -> None:
    codes = RecoveryCodes.activate(ada).generate_codes()
    ring = instance.data_dir / RING_FILE
    old = ring.read_text().split()
    done = rotate_secrets(instance, prune=False)
    assert (done.new_key, done.reencrypted, done.keys) == (True, 2, 2)
    assert ring.read_text().split()[1:] == old
    assert ring.stat().st_mode & 0o077 == 0
    assert works(ada)
    assert RecoveryCodes.activate(ada).generate_codes() == codes
    assert rotate_secrets(instance, prune=True).keys == 1
    assert works(ada)
    assert count_second_factors(open_box()) == (2, 0)


def test_a_ring_from_the_environment_is_the_operators(ada: User, instance: Settings) -> None:
    old = (instance.data_dir / RING_FILE).read_text().strip()
    env = {"TASKFLOW_SECRET_KEYS": f"{generate_fernet_key()},{old}"}
    settings = load_settings(env, {"data_dir": instance.data_dir})
    use_settings(settings)
    done = rotate_secrets(settings, prune=True)
    assert (done.new_key, done.reencrypted, done.keys) == (False, 2, 2)
    assert (instance.data_dir / RING_FILE).read_text().strip() == old
    assert works(ada)


def test_secrets_under_a_lost_ring_are_counted_and_left_alone(ada: User, instance: Settings) -> None:
    before = list(Authenticator.objects.order_by("pk").values_list("data", flat=True))
    (instance.data_dir / RING_FILE).write_text(generate_fernet_key())
    assert count_second_factors(open_box()) == (2, 2)
    with pytest.raises(Undecryptable, match="TASKFLOW_SECRET_KEYS"):
        rotate_secrets(instance, prune=True)
    assert list(Authenticator.objects.order_by("pk").values_list("data", flat=True)) == before
