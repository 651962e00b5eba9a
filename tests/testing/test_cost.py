"""The kit costs an author little: no Django, no socket, no further dependency, pytest only where it is needed."""

import json
import subprocess
import sys

CODE = """
import json, sys, time
import taskflow.plugin_api
from taskflow.testing.import_probe import watch_sockets
sockets = watch_sockets()
began = time.process_time()
import taskflow.testing
seconds = time.process_time() - began
import taskflow.testing.servers, taskflow.testing.context
light = set(sys.modules)
import taskflow.testing.contracts, taskflow.testing.plugin
loaded = set(sys.modules)
print(json.dumps([seconds, sockets, sorted(light), sorted(loaded)]))
"""


def test_importing_it_is_cheap_and_touches_nothing() -> None:
    found = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout
    seconds, sockets, light, loaded = json.loads(found)
    assert seconds < 0.5
    assert sockets == []
    assert {"pytest", "httpx"} & set(light) == set()
    assert {name for name in loaded if name.partition(".")[0] in {"django", "rest_framework", "aiosmtpd"}} == set()
    assert "pytest" in loaded
