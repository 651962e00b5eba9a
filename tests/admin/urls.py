"""The admin and the sign-in pages alone."""

from django.urls import include, path

from taskflow.interfaces.admin.site import site

urlpatterns = [path("", include("taskflow.interfaces.web.urls")), path("admin/", site.urls)]
