from django.test import Client
from tests.conftest import *
def test_x(world):
    for kw in ({}, {"headers":{}}, {"enforce_csrf_checks":True}):
        strict = Client(**kw)
        strict.force_login(world.ada, backend="django.contrib.auth.backends.ModelBackend")
        print(kw, strict.get("/api/v1/tasks").status_code, strict.cookies)
    print(Api(world.ada).get("tasks").status_code)
    assert 0
