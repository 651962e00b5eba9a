"""The addresses of the REST interface, below `/api/v1/`."""

from django.urls import include, path, re_path

from taskflow.domain.importers import IMPORTERS
from taskflow.interfaces.api import (
    attachments,
    bulk,
    comments,
    exports,
    feeds,
    imports,
    invitations,
    labels,
    members,
    models,
    plugins,
    projects,
    saved_filters,
    suggestions,
    tasks,
)
from taskflow.interfaces.api.quick_add import TaskQuickAdd

UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
REFERENCE = r"[0-9A-Za-z-]{1,64}"
PROJECT = rf"projects/(?P<project>{REFERENCE})"
INVITATION = rf"{PROJECT}/invitations/(?P<invitation>{UUID})"
TASK = rf"tasks/(?P<task>{REFERENCE})"
ATTACHMENT = rf"{TASK}/attachments/(?P<attachment>{UUID})"
SOURCE = "|".join(IMPORTERS)
PLUGIN = r"plugins/(?P<slug>[A-Za-z0-9_.-]{1,80})"
SUGGESTION = "priority-suggestions/<uuid:suggestion>"

urlpatterns = [
    # Addresses are tried in this order: those that are asked for most come first.
    path("tasks", tasks.TaskList.as_view(), name="tasks"),
    # Before single tasks, whose references could be spelt like these.
    path("tasks/quick", TaskQuickAdd.as_view(), name="tasks-quick"),
    path("tasks/bulk", bulk.TaskBulk.as_view(), name="tasks-bulk"),
    re_path(rf"^{TASK}$", tasks.TaskDetail.as_view(), name="task"),
    re_path(rf"^{TASK}/complete$", tasks.TaskComplete.as_view(), name="task-complete"),
    re_path(rf"^{TASK}/reopen$", tasks.TaskReopen.as_view(), name="task-reopen"),
    re_path(rf"^{TASK}/restore$", tasks.TaskRestore.as_view(), name="task-restore"),
    re_path(rf"^{TASK}/move$", tasks.TaskMove.as_view(), name="task-move"),
    re_path(rf"^{TASK}/watch$", tasks.TaskWatchVerb.as_view(), name="task-watch"),
    re_path(rf"^{TASK}/mute$", tasks.TaskMute.as_view(), name="task-mute"),
    re_path(rf"^{TASK}/history$", comments.TaskHistory.as_view(), name="task-history"),
    re_path(rf"^{TASK}/comments$", comments.CommentList.as_view(), name="comments"),
    re_path(rf"^{TASK}/comments/(?P<comment>{UUID})$", comments.CommentDetail.as_view(), name="comment"),
    re_path(rf"^{TASK}/attachments$", attachments.AttachmentList.as_view(), name="attachments"),
    re_path(rf"^{ATTACHMENT}$", attachments.AttachmentDetail.as_view(), name="attachment"),
    re_path(rf"^{ATTACHMENT}/download$", attachments.AttachmentDownload.as_view(), name="attachment-download"),
    re_path(
        rf"^{TASK}/priority-suggestions/preview$",
        suggestions.SuggestionPreview.as_view(),
        name="task-suggestions-preview",
    ),
    re_path(rf"^{TASK}/priority-suggestions$", suggestions.TaskSuggestions.as_view(), name="task-suggestions"),
    path("projects", projects.ProjectList.as_view(), name="projects"),
    re_path(rf"^{PROJECT}$", projects.ProjectDetail.as_view(), name="project"),
    re_path(rf"^{PROJECT}/archive$", projects.ProjectArchive.as_view(), name="project-archive"),
    re_path(rf"^{PROJECT}/unarchive$", projects.ProjectUnarchive.as_view(), name="project-unarchive"),
    re_path(rf"^{PROJECT}/transfer$", projects.ProjectTransfer.as_view(), name="project-transfer"),
    re_path(rf"^{PROJECT}/members$", members.MemberList.as_view(), name="members"),
    re_path(rf"^{PROJECT}/members/(?P<username>[\w.\-]{{1,64}})$", members.MemberDetail.as_view(), name="member"),
    re_path(rf"^{PROJECT}/invitations$", invitations.InvitationList.as_view(), name="invitations"),
    re_path(rf"^{INVITATION}$", invitations.InvitationDetail.as_view(), name="invitation"),
    re_path(rf"^{INVITATION}/resend$", invitations.InvitationResend.as_view(), name="invitation-resend"),
    path("invitations/accept", invitations.InvitationAccept.as_view(), name="invitation-accept"),
    path("labels", labels.LabelList.as_view(), name="labels"),
    path("labels/<uuid:label>", labels.LabelDetail.as_view(), name="label"),
    path("filters", saved_filters.FilterList.as_view(), name="filters"),
    re_path(rf"^filters/(?P<filter>{REFERENCE})$", saved_filters.FilterDetail.as_view(), name="filter"),
    path("priority-suggestions", suggestions.SuggestionList.as_view(), name="suggestions"),
    path("priority-suggestions/bulk", suggestions.SuggestionBulk.as_view(), name="suggestions-bulk"),
    path("priority-suggestions/batches/<uuid:batch>", suggestions.BatchDetail.as_view(), name="suggestions-batch"),
    path(SUGGESTION, suggestions.SuggestionDetail.as_view(), name="suggestion"),
    path(f"{SUGGESTION}/accept", suggestions.SuggestionAccept.as_view(), name="suggestion-accept"),
    path(f"{SUGGESTION}/override", suggestions.SuggestionOverride.as_view(), name="suggestion-override"),
    path(f"{SUGGESTION}/dismiss", suggestions.SuggestionDismiss.as_view(), name="suggestion-dismiss"),
    path("insights/prioritisation", suggestions.Insights.as_view(), name="insights"),
    path("plugins", plugins.PluginList.as_view(), name="plugins"),
    re_path(rf"^{PLUGIN}$", plugins.PluginDetail.as_view(), name="plugin"),
    re_path(rf"^{PLUGIN}/schema$", plugins.PluginSchema.as_view(), name="plugin-schema"),
    re_path(rf"^{PLUGIN}/check$", plugins.PluginCheck.as_view(), name="plugin-check"),
    re_path(rf"^{PLUGIN}/retry$", plugins.PluginRetry.as_view(), name="plugin-retry"),
    re_path(rf"^{PLUGIN}/errors$", plugins.PluginErrors.as_view(), name="plugin-errors"),
    path("prioritisation/provider", plugins.Provider.as_view(), name="model-provider"),
    path("prioritisation/models", models.ModelList.as_view(), name="models"),
    path("prioritisation/models/pulls", models.PullList.as_view(), name="model-pulls"),
    path("export", exports.Export.as_view(), name="export"),
    path("feeds", feeds.FeedList.as_view(), name="feeds"),
    re_path(rf"^feeds/(?P<feed>{UUID})$", feeds.FeedDetail.as_view(), name="feed"),
    path("feeds/<str:secret>.ics", feeds.FeedCalendar.as_view(), name="feed-calendar"),
    re_path(rf"^imports/(?P<source>{SOURCE})$", imports.Import.as_view(), name="import"),
    path("", include("taskflow.interfaces.api.auth_urls")),
    path("", include("taskflow.interfaces.api.document_urls")),
]
