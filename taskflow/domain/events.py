"""The types of events, as CloudEvents 1.0 `type` values."""

from enum import StrEnum


class EventType(StrEnum):
    """What can happen; the values are part of the API's contract."""

    TASK_CREATED = "taskflow.task.created"
    TASK_UPDATED = "taskflow.task.updated"
    TASK_COMPLETED = "taskflow.task.completed"
    TASK_REOPENED = "taskflow.task.reopened"
    TASK_DELETED = "taskflow.task.deleted"
    TASK_RESTORED = "taskflow.task.restored"
    TASK_ASSIGNED = "taskflow.task.assigned"
    TASK_COMMENTED = "taskflow.task.commented"
    TASK_MENTIONED = "taskflow.task.mentioned"
    SUGGESTION_READY = "taskflow.suggestion.ready"
    SUGGESTION_DECIDED = "taskflow.suggestion.decided"
    PROJECT_CREATED = "taskflow.project.created"
    PROJECT_UPDATED = "taskflow.project.updated"
    PROJECT_DELETED = "taskflow.project.deleted"
    LABEL_CREATED = "taskflow.project.label_created"
    LABEL_UPDATED = "taskflow.project.label_updated"
    LABEL_DELETED = "taskflow.project.label_deleted"
    MEMBER_INVITED = "taskflow.member.invited"
    INVITATION_WITHDRAWN = "taskflow.member.invitation_withdrawn"
    MEMBER_ADDED = "taskflow.member.added"
    MEMBER_UPDATED = "taskflow.member.updated"
    MEMBER_REMOVED = "taskflow.member.removed"
    USER_CREATED = "taskflow.user.created"
    USER_UPDATED = "taskflow.user.updated"
    USER_DELETED = "taskflow.user.deleted"
