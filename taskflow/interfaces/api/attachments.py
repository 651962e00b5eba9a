"""REST: files on tasks, in and out."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase, HttpResponseNotModified
from django.urls import reverse
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import attachments
from taskflow.application.access import find_task
from taskflow.application.stored_files import Upload, stored
from taskflow.domain.errors import Invalid
from taskflow.domain.permissions import Action
from taskflow.interfaces.api.downloads import ASK_AGAIN, has_copy, send_download
from taskflow.interfaces.api.endpoint import Endpoint, answer
from taskflow.interfaces.api.fields import InstantField, StrictSerializer
from taskflow.interfaces.api.operation import Operation
from taskflow.interfaces.api.pages import SortKey, take_page
from taskflow.store.models import Attachment

OLDEST_FIRST = (SortKey("created_at", "created_at"),)
UNCHANGEABLE = "The task is in the trash, its project is archived, or there is no room for more"


class AttachmentFields(StrictSerializer):
    """One file, at most 10 MB with the form around it."""

    file = serializers.FileField(allow_empty_file=True)


class AttachmentDocument(serializers.Serializer[Any]):
    """A file on a task."""

    id = serializers.UUIDField()
    task = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes")
    content_type = serializers.CharField(help_text="As found in the content, whatever the client said")
    sha256 = serializers.CharField(help_text="Hexadecimal")
    url = serializers.URLField(help_text="Where to download it")
    created_by = serializers.CharField(allow_null=True)
    created_at = InstantField()
    version = serializers.IntegerField()


def attachment_json(request: Request, attachment: Attachment) -> dict[str, Any]:
    """An AttachmentDocument."""
    path = reverse("attachment-download", kwargs={"task": attachment.task_id, "attachment": attachment.pk})
    return {
        "id": attachment.pk,
        "task": attachment.task_id,
        "name": attachment.name,
        "size": attachment.size,
        "content_type": attachment.content_type,
        "sha256": attachment.sha256,
        "url": request.build_absolute_uri(path),
        "created_by": attachment.created_by.username if attachment.created_by else None,
        "created_at": attachment.created_at,
        "version": attachments.VERSION,
    }


class AttachmentList(Endpoint):
    """The files on a task, oldest first."""

    actions = {"GET": Action.ATTACHMENT_READ, "POST": Action.ATTACHMENT_WRITE}
    operations = {
        "GET": Operation("list_attachments", {200: AttachmentDocument}, paged=True),
        "POST": Operation(
            "add_attachment",
            {201: AttachmentDocument},
            "Attach a file",
            body=AttachmentFields,
            conflicts=UNCHANGEABLE,
            media="multipart/form-data",
        ),
    }
    parser_classes = [MultiPartParser]

    def get(self, request: Request, task: str) -> Response:
        found = find_task(self.actor, task, Action.ATTACHMENT_READ)
        parameters = self.query()
        page = take_page(Attachment.objects.filter(task=found).select_related("created_by"), OLDEST_FIRST, parameters)
        results = [attachment_json(request, row) for row in page.rows]
        return Response({"results": results, "next_cursor": page.next_cursor})

    def post(self, request: Request, task: str) -> Response:
        found = find_task(self.actor, task, Action.ATTACHMENT_WRITE)
        upload = self._upload()
        with stored(upload) as file:

            def create() -> Response:
                attachment = attachments.add_attachment(self.actor, found.pk, file)
                document = attachment_json(request, attachment)
                return answer(document, status=201, headers={"Location": f"{request.path}/{attachment.pk}"})

            return self.once(create)

    def _upload(self) -> Upload:
        files = self.request.FILES.getlist("file")
        if len(files) != 1:
            raise Invalid.field("file", "required", "Send one file as multipart/form-data, in the field 'file'.")
        sent = self.parse(AttachmentFields)["file"]
        return Upload(sent.name or "", sent.content_type or "", sent.size or 0, sent.file)


class AttachmentDetail(Endpoint):
    """One file on a task."""

    actions = {"GET": Action.ATTACHMENT_READ, "DELETE": Action.ATTACHMENT_WRITE}
    operations = {
        "GET": Operation("get_attachment", {200: AttachmentDocument}),
        "DELETE": Operation(
            "delete_attachment", {204: None}, "Take a file off a task", conditional=True, conflicts=UNCHANGEABLE
        ),
    }

    def get(self, request: Request, task: str, attachment: UUID) -> Response:
        self.query()
        return answer(attachment_json(request, attachments.find_attachment(self.actor, task, attachment)))

    def delete(self, request: Request, task: str, attachment: UUID) -> Response:
        attachments.delete_attachment(self.actor, task, attachment, version=self.if_match())
        return Response(status=204)


class AttachmentDownload(Endpoint):
    """The content of a file on a task, always as a download."""

    actions = {"GET": Action.ATTACHMENT_READ}
    operations = {
        "GET": Operation(
            "download_attachment",
            {200: None},
            forms={"*/*": {"type": "string", "format": "binary"}},
        )
    }

    def get(self, request: Request, task: str, attachment: UUID) -> HttpResponseBase:
        self.query()
        found = attachments.find_attachment(self.actor, task, attachment)
        tag = f'"{found.sha256}"'
        if has_copy(request, tag):
            return HttpResponseNotModified(headers={"ETag": tag, "Cache-Control": ASK_AGAIN})
        return send_download(found, tag)
