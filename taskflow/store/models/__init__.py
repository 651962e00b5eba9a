"""TaskFlow's tables, one module a subject."""

from taskflow.store.models.attachments import Attachment
from taskflow.store.models.events import Event, EventStream
from taskflow.store.models.feeds import Feed
from taskflow.store.models.filters import SavedFilter
from taskflow.store.models.invitations import Invitation
from taskflow.store.models.jobs import Job, WorkerBeat
from taskflow.store.models.model_calls import ModelCall, ModelPull
from taskflow.store.models.plugins import Plugin, PluginBoard, PluginFailure, PluginPause, PluginSetup
from taskflow.store.models.projects import Label, Membership, Project, ProjectKeyAlias
from taskflow.store.models.requests import IdempotencyRecord
from taskflow.store.models.suggestions import BatchItem, Decision, Suggestion, SuggestionBatch
from taskflow.store.models.tasks import (
    Comment,
    Dependency,
    ImportedRecord,
    Reminder,
    Task,
    TaskKeyAlias,
    TaskWatch,
)
from taskflow.store.models.users import ApiToken, SignInLink, User

__all__ = [
    "ApiToken",
    "Attachment",
    "BatchItem",
    "Comment",
    "Decision",
    "Dependency",
    "Event",
    "EventStream",
    "Feed",
    "IdempotencyRecord",
    "ImportedRecord",
    "Invitation",
    "Job",
    "Label",
    "Membership",
    "ModelCall",
    "ModelPull",
    "Plugin",
    "PluginBoard",
    "PluginFailure",
    "PluginPause",
    "PluginSetup",
    "Project",
    "ProjectKeyAlias",
    "Reminder",
    "SavedFilter",
    "SignInLink",
    "Suggestion",
    "SuggestionBatch",
    "Task",
    "TaskKeyAlias",
    "TaskWatch",
    "User",
    "WorkerBeat",
]
