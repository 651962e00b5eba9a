"""The WSGI application: REST, pages, admin."""

from django.core.wsgi import get_wsgi_application

from taskflow.interfaces.charset import read_as_utf8

application = read_as_utf8(get_wsgi_application())
