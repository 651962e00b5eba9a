"""REST: pages of tasks."""

from collections.abc import Mapping
from typing import Any

import orjson

from taskflow.domain.permissions import Actor
from taskflow.interfaces.api.pages import decode_cursor, encode_cursor, parse_limit
from taskflow.interfaces.api.task_fields import task_documents
from taskflow.interfaces.api.task_filters import check_projects, parse_filters, parse_order, parse_projects, parse_words
from taskflow.store.projects import named_projects
from taskflow.store.sql import FALSE
from taskflow.store.task_rows import read_page


def list_tasks(actor: Actor, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The page of tasks that the query parameters ask for; one statement for the rows, one for pending suggestions.

    Whether the projects exist that `project` names is asked only where the page says nothing of it.
    """
    limit = parse_limit(parameters)
    order = parse_order(parameters)
    condition = parse_filters(actor, parameters)
    references = parse_projects(parameters)
    cursor = parameters.get("cursor")
    place = decode_cursor(cursor, order.signature, len(order.keys) + 1) if cursor else None
    project = named_projects(references) if references else None
    wanted = parse_words(parameters)
    if wanted is None:
        condition, wanted = FALSE, []
    page = read_page(actor, condition, order, limit=limit + 1, after=place, project=project, words=wanted)
    if references and (len(references) > 1 or not page.rows):
        check_projects(actor, references)
    more = len(page.rows) > limit
    return {
        "results": task_documents(page.rows[:limit], orjson.Fragment),
        "next_cursor": encode_cursor(order.signature, page.places[limit - 1]) if more else None,
    }
