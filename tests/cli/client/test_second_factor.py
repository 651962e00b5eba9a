"""`taskflow login` for somebody with an authenticator app, against a running instance."""

import re
import time
from urllib.parse import urlsplit

import httpx
import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests.bootstrap.instances import Instance
from tests.cli.client.shells import PASSWORD, Shell

#: A code holds for 30 s from a full half minute; it is taken only while it holds for long enough to be typed.
_STEP, _ENOUGH = 30, 15


@pytest.fixture
def secret(instance: Instance, person: Shell) -> str:
    """Sets the app up on the instance's own pages; its secret."""
    with httpx.Client(base_url=instance.url, timeout=60, follow_redirects=True) as browser:
        submit(browser, browser.get("/accounts/login/"), login=person.username, password=PASSWORD)
        page = browser.get("/accounts/2fa/totp/activate/")
        if "reauthenticate" in page.url.path:
            page = submit(browser, page, password=PASSWORD)
        found = re.search(r'value="([A-Z2-7]{16,})"', page.text)
        assert found, page.text
        done = submit(browser, page, code=code_of(found[1]))
        assert "totp/activate" not in done.url.path, done.text
        return found[1]


def submit(browser: httpx.Client, page: httpx.Response, **fields: str) -> httpx.Response:
    form = {"csrfmiddlewaretoken": browser.cookies["csrftoken"], **fields}
    answer = browser.post(str(page.url), data=form, headers={"Referer": str(page.url)})
    assert answer.status_code == 200, (urlsplit(str(answer.url)).path, answer.text)
    return answer


def code_of(secret: str) -> str:
    """What the app shows; waits for the next code where this one is about to end."""
    left = _STEP - time.time() % _STEP
    if left < _ENOUGH:
        time.sleep(left)
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // _STEP)))


def test_a_login_asks_for_the_code_and_needs_a_right_one(person: Shell, secret: str) -> None:
    name = person.username
    wish = ("login", person.url, "--username", name)
    assert person.fail(*wish, "--otp", "000000", stdin=f"{PASSWORD}\n") == "The code is wrong or was used already.\n"
    code, screen = person.converse(*wish, answers=[("Password", PASSWORD), ("Code of", code_of(secret))])
    assert code == 0, screen
    assert f"as {name}" in screen
    assert person.ok("list") == "No tasks.\n"
