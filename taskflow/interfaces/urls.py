"""Every address that TaskFlow answers."""

from django.urls import include, path, re_path
from django.views.generic import RedirectView

from taskflow.interfaces import operations
from taskflow.interfaces.admin.site import site
from taskflow.interfaces.api import problems

urlpatterns = [
    path("favicon.ico", RedirectView.as_view(url="/static/taskflow/icon.svg", permanent=True)),
    path("healthz", operations.healthz, name="healthz"),
    path("readyz", operations.readyz, name="readyz"),
    path("metrics", operations.metrics, name="metrics"),
    path("api/v1/", include("taskflow.interfaces.api.urls")),
    re_path(r"^api/", problems.not_found),
    path("", include("taskflow.interfaces.web.urls")),
    path("admin/", site.urls),
]

handler400 = "taskflow.interfaces.api.problems.bad_request"
handler500 = "taskflow.interfaces.api.problems.server_error"
