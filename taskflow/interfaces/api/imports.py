"""REST: importing lists from other programs."""

from typing import Any

from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application.imports import preview_import, run_import
from taskflow.domain.errors import Invalid
from taskflow.domain.permissions import Action
from taskflow.interfaces.api.endpoint import Endpoint
from taskflow.interfaces.api.fields import StrictSerializer
from taskflow.interfaces.api.idempotency import answer_long
from taskflow.interfaces.api.lists import parse_flag
from taskflow.interfaces.api.operation import Operation, flag


class ImportFields(StrictSerializer):
    """The exported list, as the other program wrote it."""

    file = serializers.FileField(allow_empty_file=True)


class ImportProblemDocument(serializers.Serializer[Any]):
    """A line that wants a look."""

    line = serializers.IntegerField()
    detail = serializers.CharField()


class ImportDocument(serializers.Serializer[Any]):
    """What an import did, or would do."""

    created = serializers.IntegerField()
    skipped = serializers.IntegerField()
    files = serializers.IntegerField(required=False, help_text="Files put on tasks, where the list brings some along")
    errors = ImportProblemDocument(many=True)  # type: ignore[assignment]


class Import(Endpoint):
    """Brings in one exported list; again adds nothing."""

    actions = {"POST": Action.IMPORT}
    operations = {
        "POST": Operation(
            "import_tasks",
            {200: ImportDocument},
            body=ImportFields,
            query=(flag("dry_run", "Only say what would be done"),),
            media="multipart/form-data",
        )
    }
    parser_classes = [MultiPartParser]

    def post(self, request: Request, source: str) -> Response:
        parameters = self.query()
        dry_run = parse_flag("dry_run", parameters["dry_run"]) if "dry_run" in parameters else False
        file = self._file()

        def bring_in() -> Response:
            file.seek(0)
            bring = preview_import if dry_run else run_import
            report = bring(self.actor, source, file.read(), name=file.name or "")
            found = {"created": report.created, "skipped": report.skipped}
            files = {} if report.files is None else {"files": report.files}
            return Response({**found, **files, "errors": report.errors})

        return answer_long(request, self.actor, bring_in)

    def _file(self) -> Any:
        files = self.request.FILES.getlist("file")
        if len(files) != 1:
            raise Invalid.field("file", "required", "Send one file as multipart/form-data, in the field 'file'.")
        return self.parse(ImportFields)["file"]
