"""What an instance gets at its first start: an administrator from the environment, or a link that makes one."""

from taskflow.application import accounts
from taskflow.application.demo import load_demo
from taskflow.application.plugin_cards import Status, list_cards
from taskflow.config import ConfigError, Settings
from taskflow.domain.errors import Conflict, Invalid
from taskflow.domain.permissions import SYSTEM, SiteRole
from taskflow.interfaces.cli.links import write_link
from taskflow.store.models import User


def create_administrator(settings: Settings) -> None:
    """Create the administrator of TASKFLOW_ADMIN_… unless somebody administers the instance already.

    Raises ConfigError for a name that is taken, a password that is too weak and the like.
    """
    if settings.admin_username is None or settings.admin_password is None:
        return
    if User.objects.administrators().exists():
        return
    try:
        accounts.create_user(
            SYSTEM,
            username=settings.admin_username,
            email=settings.admin_email or "",
            password=settings.admin_password.get_secret_value(),
            role=SiteRole.ADMIN,
        )
    except Invalid as error:
        if User.objects.administrators().exists():
            # Another process that starts at the same time was first.
            return
        first = error.errors[0]
        variable = f"TASKFLOW_ADMIN_{first.field.upper()}"
        raise ConfigError(variable, "no administrator can be made with it", first.detail) from None


def require_plugins() -> None:
    """For TASKFLOW_STRICT_PLUGINS. Raises ConfigError unless each installed plugin fits and each enabled one works."""
    wanted = {Status.ACTIVE, Status.DISABLED}
    for card in list_cards(SYSTEM):
        if card.status not in wanted:
            problem = f"{card.plugin.slug} ({card.plugin.distribution}) is {card.status.value}: {card.reason}"
            raise ConfigError("TASKFLOW_STRICT_PLUGINS", problem, "Mend or uninstall it, or set this to off.")


def create_first_link(settings: Settings) -> str | None:
    """A single-use link that makes the first administrator; None when there is one already."""
    if User.objects.administrators().exists():
        return None
    return write_link(settings, accounts.create_sign_in_link(None))


def ensure_demo() -> None:
    """Load the demonstration unless it is there."""
    try:
        load_demo()
    except Conflict:
        return
