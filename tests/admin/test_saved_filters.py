"""Saved filters on the admin pages."""

from taskflow.application.saved_filters import create_filter
from taskflow.store.models import SavedFilter
from tests.admin.conftest import Browser, errors_of
from tests.conftest import World


def test_filters_are_made_changed_and_deleted_for_their_owner(admin: Browser, world: World) -> None:
    fields = {"owner": str(world.ada.pk), "name": "Hot", "expression": "priority >= high", "ordering": "due"}
    assert admin.send("store_savedfilter_add", **fields).status_code == 302
    (made,) = SavedFilter.objects.all()
    assert (made.owner, made.name, made.ordering) == (world.ada, "Hot", "due")
    admin.save("store_savedfilter_change", made.pk, expression="overdue")
    made.refresh_from_db()
    assert (made.expression, made.version) == ("overdue", 2)
    admin.send("store_savedfilter_delete", made.pk, post="yes")
    assert not SavedFilter.objects.exists()


def test_a_wrong_expression_comes_back_with_the_reason(admin: Browser, world: World) -> None:
    made = create_filter(world.ada.as_actor(), {"name": "Hot", "expression": "overdue"})
    answer = admin.save("store_savedfilter_change", made.pk, expression="priority = huge", ordering="colour")
    assert "none, low, medium, high, urgent" in errors_of(answer)
    assert "created_at" in errors_of(answer)
    made.refresh_from_db()
    assert made.expression == "overdue"
