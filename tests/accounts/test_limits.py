"""The limit on failed sign-ins under many attempts at once."""

import threading

import pytest
from django.db import connection

from taskflow.application import accounts
from taskflow.application.sign_in import MOST_FAILURES, check_sign_in
from taskflow.domain.errors import TooMany
from taskflow.domain.permissions import SYSTEM
from tests.accounts.conftest import PASSWORD


@pytest.mark.django_db(transaction=True)
def test_attempts_at_once_do_not_exceed_the_limit() -> None:
    accounts.create_user(SYSTEM, "bob", password=PASSWORD)
    outcomes: list[str] = []

    def guess() -> None:
        for _ in range(3):
            try:
                assert check_sign_in("bob", "wrong wrong") is None
                outcomes.append("checked")
            except TooMany:
                outcomes.append("refused")
        connection.close()

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outcomes.count("checked"), outcomes.count("refused")) == (MOST_FAILURES, 24 - MOST_FAILURES)
