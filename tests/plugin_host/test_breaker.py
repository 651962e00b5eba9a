"""A plugin that fails again and again is given a rest."""

from taskflow.plugin_host.breaker import LASTING, Breaker


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def test_five_failures_in_a_row_open_it_and_a_success_between_does_not_let_them_add_up() -> None:
    breaker = Breaker(Clock())
    for _ in range(4):
        assert breaker.failed() is None
    breaker.succeeded()
    for _ in range(4):
        assert breaker.failed() is None
    assert breaker.failed() == 30
    assert breaker.admit() == 30


def test_after_its_rest_one_call_is_let_through_and_its_failure_doubles_the_rest() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(5):
        breaker.failed()
    for rest in (60, 120, 240, 480, 600, 600):
        clock.time += 600
        assert breaker.admit() is None
        assert breaker.admit() is not None
        assert breaker.failed() == rest
    clock.time += 600
    assert breaker.admit() is None
    assert breaker.succeeded()
    assert breaker.admit() is None
    assert [breaker.failed() for _ in range(5)] == [None, None, None, None, 30]


def test_a_probe_that_was_not_made_leaves_room_for_another() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(5):
        breaker.failed()
    clock.time = 31
    assert breaker.admit() is None
    breaker.released()
    assert breaker.admit() is None


def test_what_only_other_settings_mend_opens_it_at_once() -> None:
    breaker = Breaker(Clock())
    assert breaker.failed(lasting=True) == LASTING
    assert breaker.admit() == LASTING
