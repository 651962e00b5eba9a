"""The addresses of the API's documents, below `/api/v1/`."""

from django.urls import path

from taskflow.interfaces.api import schema

urlpatterns = [
    path("schema", schema.SchemaDocument.as_view(), name="schema"),
    path("docs", schema.SwaggerPage.as_view(), name="docs"),
    path("redoc", schema.RedocPage.as_view(), name="redoc"),
]
