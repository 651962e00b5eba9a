"""Which form an answer takes: JSON, whatever `Accept` says.

HTTP leaves it to the server to ignore `Accept` (RFC 9110, section 12.4.1), and an answer in the only form there is
helps more than a 406.
"""

from collections.abc import Iterable

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.utils.mediatypes import media_type_matches


class OnlyForm(BaseContentNegotiation):
    """REST framework's hook: the first renderer, and the parser of the body's Content-Type."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """The parser of the request's Content-Type; None for no such, which is answered with 415."""
        matching = (parser for parser in parsers if media_type_matches(parser.media_type, request.content_type))
        return next(matching, None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The one renderer, with its media type."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type
