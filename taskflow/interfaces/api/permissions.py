"""REST framework's permission hook: only addresses that name their actions are open at all."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class ActionPermission(BasePermission):
    """Default deny: the view must name an action for the method; `Endpoint.initial` then asks the table."""

    def has_permission(self, request: Request, view: Any) -> bool:
        method = "GET" if request.method == "HEAD" else request.method
        return method in getattr(view, "actions", {})
