"""REST: the parameters `filter` and `saved` of the list of tasks."""

from collections.abc import Mapping

from taskflow.application import ports
from taskflow.application.saved_filters import named_filter
from taskflow.domain.filters import read_filter
from taskflow.domain.permissions import Actor
from taskflow.interfaces.api.operation import Query
from taskflow.store.sql import Sql
from taskflow.store.task_filters import filter_condition

PARAMETERS = (
    Query("filter", "An expression of the filter language, for instance `priority >= high and due <= today+7d`"),
    Query("saved", "Id of a saved filter, or inbox, today, upcoming, overdue; its order holds where none is asked for"),
)


def expand_saved(actor: Actor, parameters: Mapping[str, str]) -> Mapping[str, str]:
    """`parameters` with the expression of the filter that `saved` names in its place, and with its ordering."""
    if "saved" not in parameters:
        return parameters
    found = named_filter(actor, parameters["saved"])
    ordering = parameters.get("ordering") or found.ordering
    return {**parameters, "saved": found.expression, "ordering": ordering}


def expression_conditions(actor: Actor, parameters: Mapping[str, str]) -> list[Sql]:
    """What the expressions of `parameters` ask of a task, once `expand_saved` has seen them."""
    return [
        filter_condition(read_filter(name, parameters[name]), actor, ports.now())
        for name in ("filter", "saved")
        if name in parameters
    ]
