"""The short run of generated requests, as a test."""

import pytest

from tests.schemathesis.run import main


@pytest.mark.soak
def test_generated_requests_find_nothing(request: pytest.FixtureRequest) -> None:
    if "soak" not in request.config.getoption("-m"):
        pytest.skip("takes two minutes and an environment of its own; run with -m soak")
    assert main(["--quick"]) == 0
