"""Where the address of the instance leads."""

from collections.abc import Callable

import pytest
from django.test import Client

from taskflow.domain.permissions import SiteRole
from taskflow.store.models import User


@pytest.mark.parametrize(
    ("role", "target"),
    [(SiteRole.MEMBER, "/accounts/"), (SiteRole.MANAGER, "/admin/"), (SiteRole.ADMIN, "/admin/")],
)
def test_everybody_is_led_to_a_page_that_opens_for_them(
    make_user: Callable[..., User], role: SiteRole, target: str
) -> None:
    client = Client()
    client.force_login(make_user("ada", role))
    assert client.get("/", follow=True).redirect_chain == [(target, 302)]


@pytest.mark.django_db
def test_a_visitor_is_led_to_the_sign_in_page() -> None:
    chain = Client().get("/", follow=True).redirect_chain
    assert [address for address, _ in chain] == ["/admin/", "/accounts/login/?next=/admin/"]
