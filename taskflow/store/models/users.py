"""People and their credentials."""

import unicodedata
from collections.abc import Iterable
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from knox.models import AbstractAuthToken

from taskflow.domain.permissions import Action, Actor, SiteRole, allows_site
from taskflow.domain.text import fold
from taskflow.store.identifiers import new_id

USERNAME_PATTERN = r"^\w[\w.\-]{0,63}\Z"

#: Which models of the admin pages a site role reaches; the action stands for the whole page.
_ADMIN_PAGES = {"user": Action.USER_ADMIN}


def fold_name(text: str) -> str:
    """A name or an address as it is compared: Unicode NFKC without case, which databases fold each in its own way."""
    return unicodedata.normalize("NFKC", text).casefold()


class UserManager(BaseUserManager["User"]):
    """Finds people by name or address without regard to case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username_key=fold_name(username or ""))

    def named(self, username: str) -> models.QuerySet["User"]:
        """The person of that name, or nobody."""
        return self.filter(username_key=fold_name(username))

    def with_email(self, email: str) -> models.QuerySet["User"]:
        """The person of that address, or nobody."""
        return self.filter(email_key=fold_name(email)).exclude(email_key=None)

    def administrators(self) -> models.QuerySet["User"]:
        """Everybody who administers the instance now."""
        return self.filter(role=SiteRole.ADMIN, is_active=True)


class User(AbstractBaseUser):  # type: ignore[django-manager-missing]  # knox has no annotations
    """A person who can sign in."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.CharField(
        max_length=64,
        unique=True,
        validators=[
            RegexValidator(USERNAME_PATTERN, "Use letters, digits, '_', '-' and '.', starting with a letter or digit.")
        ],
    )
    email = models.EmailField(blank=True, default="")
    #: The two above as they are compared; null where there is no address. `save` keeps them.
    username_key = models.CharField(max_length=128, unique=True, editable=False)
    email_key = models.CharField(max_length=320, unique=True, null=True, editable=False)
    #: The name without case and accents, as people type it in a search.
    name_search = models.CharField(max_length=256, default="", editable=False, db_index=True)
    timezone = models.CharField(max_length=64, default="UTC", help_text="IANA name, for instance Europe/Berlin")
    role = models.CharField(max_length=10, choices=[(r.value, r.value) for r in SiteRole], default=SiteRole.MEMBER)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.username

    def save(
        self,
        *args: Any,
        force_insert: bool | tuple[models.base.ModelBase, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Stores the row with the keys of its name and address."""
        self.username_key = fold_name(self.username)
        self.email_key = fold_name(self.email) or None
        self.name_search = fold(self.username)
        if update_fields is not None:
            update_fields = {*update_fields}
            update_fields |= {f"{name}_key" for name in ("username", "email") if name in update_fields}
            update_fields |= {"name_search"} if "username" in update_fields else set()
        super().save(
            *args, force_insert=force_insert, force_update=force_update, using=using, update_fields=update_fields
        )

    @property
    def site_role(self) -> SiteRole:
        return SiteRole(self.role)

    @property
    def is_superuser(self) -> bool:
        return self.is_active and self.site_role is SiteRole.ADMIN

    @property
    def is_staff(self) -> bool:
        """Whether the admin pages open at all."""
        return self.is_active and allows_site(Action.USER_ADMIN, self.site_role)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Django's question, answered from the permission table (`store.change_user` and the like)."""
        if not self.is_staff:
            return False
        page = perm.rpartition("_")[2]
        return self.is_superuser or allows_site(_ADMIN_PAGES.get(page, Action.JOB_ADMIN), self.site_role)

    def has_perms(self, perm_list: list[str], obj: Any = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff

    def as_actor(self) -> Actor:
        """This person with the whole of their rights (a session's actor)."""
        return Actor(user_id=self.pk, username=self.username, site_role=self.site_role, timezone=self.timezone)


class ApiToken(AbstractAuthToken):  # type: ignore[misc]  # likewise
    """A bearer token: only its digest is kept. The primary key is the digest, so a UUID names the token outside."""

    id = models.UUIDField(default=new_id, unique=True, editable=False)
    name = models.CharField(max_length=100)
    #: Empty: all that the person may do.
    scopes = models.JSONField(default=list)
    #: Ids of the only projects that the token reaches; empty: all of the person's.
    project_ids = models.JSONField(default=list)
    #: To the hour: a use within an hour of the last one is not noted.
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.token_key}…)"

    @property
    def limited_projects(self) -> frozenset[UUID] | None:
        return frozenset(UUID(value) for value in self.project_ids) or None


class SignInLink(models.Model):
    """A single-use link that signs a person in; only the SHA-256 of its token is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"sign-in link for {self.user or 'the first administrator'}"


class SignInAttempts(models.Model):
    """How often signing in to one account failed within the present window; kept for as long as the window lasts."""

    #: SHA-256 of what names the account, so that the table says nothing about names that are no account.
    account = models.CharField(primary_key=True, max_length=64)
    count = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.count} since {self.started_at}"


class HeldName(models.Model):
    """A user name that looks taken for some time: somebody asked for it with an address that has an account.

    Without it the name would be free again, and a second request for it would tell that the address is known.
    """

    username_key = models.CharField(primary_key=True, max_length=128)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.username_key
