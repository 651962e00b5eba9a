"""What each worker process of `taskflow web` loads: the instance that the environment describes, as WSGI."""

from typing import Any

from granian.utils.proxies import wrap_wsgi_with_proxy_headers

from taskflow.bootstrap.instance import load_interfaces, open_instance
from taskflow.bootstrap.turns import take_turns


def build() -> Any:
    """The WSGI application; headers of proxies are believed from `TASKFLOW_TRUSTED_PROXIES` alone."""
    settings = open_instance(create=False)
    application = take_turns(load_interfaces().application)
    proxies = [str(network) for network in settings.trusted_proxies]
    return wrap_wsgi_with_proxy_headers(application, proxies) if proxies else application
