"""Filters that a person keeps, and those that everybody has."""

from collections.abc import Mapping
from uuid import UUID

from taskflow.application.access import require_scope
from taskflow.application.changes import change
from taskflow.application.versions import check_version
from taskflow.domain.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from taskflow.domain.filters import read_filter
from taskflow.domain.filters.builtin import BUILTIN, BuiltinFilter
from taskflow.domain.filters.ordering import read_ordering
from taskflow.domain.permissions import Action, Actor
from taskflow.store.models import SavedFilter, User

MOST_FILTERS = 200

_COLUMNS = ("name", "expression", "ordering")


def find_filter(actor: Actor, reference: str | UUID) -> SavedFilter | BuiltinFilter:
    """The actor's own filter of that id, or the built-in one of that name; `NotFound` for anybody else's."""
    if isinstance(reference, str):
        builtin = BUILTIN.get(reference.lower())
        if builtin is not None:
            return builtin
        try:
            reference = UUID(reference)
        except ValueError as error:
            raise NotFound from error
    found = SavedFilter.objects.filter(pk=reference, owner_id=actor.user_id).first()
    if found is None:
        raise NotFound
    return found


def named_filter(actor: Actor, reference: str) -> SavedFilter | BuiltinFilter:
    """As `find_filter`, for the parameter `saved` of a list: `Invalid` (`not_found`) where there is none."""
    try:
        return find_filter(actor, reference)
    except NotFound as error:
        detail = f"You have no filter {reference[:50]!r}. Give an id, or one of {', '.join(BUILTIN)}."
        raise Invalid.field("saved", "not_found", detail) from error


def create_filter(actor: Actor, fields: Mapping[str, str]) -> SavedFilter:
    """A new filter of the actor's. `Invalid` with a position for an expression that is none, and for an unknown order;
    `Conflict` (`too_many`) for more than `MOST_FILTERS`."""
    require_scope(actor, Action.FILTER_WRITE)
    with change(actor) as opened:
        # Holding the person's row keeps two requests from passing the limit together.
        owner = User.objects.select_for_update(no_key=True).get(pk=actor.person)
        _check(fields)
        if SavedFilter.objects.filter(owner=owner).count() >= MOST_FILTERS:
            raise Conflict(f"You have {MOST_FILTERS} filters. Delete one of them first.", code="too_many")
        values = {name: fields[name] for name in _COLUMNS if name in fields}
        return SavedFilter.objects.create(owner=owner, created_at=opened.now, **values)


def update_filter(
    actor: Actor, reference: str | UUID, fields: Mapping[str, str], *, version: int | None = None
) -> SavedFilter:
    """Changes the named fields of an own filter; `Forbidden` (`builtin`) for one that everybody has."""
    with change(actor):
        found = _find_own(actor, reference, version)
        _check(fields)
        changed = {name: fields[name] for name in _COLUMNS if name in fields and fields[name] != getattr(found, name)}
        if changed:
            for name, value in changed.items():
                setattr(found, name, value)
            found.version += 1
            found.save(update_fields=[*changed, "version"])
        return found


def delete_filter(actor: Actor, reference: str | UUID, *, version: int | None = None) -> None:
    """Deletes an own filter; `Forbidden` (`builtin`) for one that everybody has."""
    with change(actor):
        _find_own(actor, reference, version).delete()


def _find_own(actor: Actor, reference: str | UUID, version: int | None) -> SavedFilter:
    require_scope(actor, Action.FILTER_WRITE)
    found = find_filter(actor, reference)
    if isinstance(found, BuiltinFilter):
        detail = "This filter comes with TaskFlow and stays as it is. Save one of your own with its expression."
        raise Forbidden(detail, code="builtin")
    held = SavedFilter.objects.select_for_update().filter(pk=found.pk).first()
    if held is None:
        raise NotFound
    check_version(held.version, version)
    return held


def _check(fields: Mapping[str, str]) -> None:
    """Every error of the expression and of the ordering at once."""
    errors: list[FieldError] = []
    for name, read in (("expression", read_filter), ("ordering", read_ordering)):
        if name in fields:
            try:
                read(name, fields[name])
            except Invalid as error:
                errors += error.errors
    if errors:
        raise Invalid(errors)
