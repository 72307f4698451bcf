"""Guessing is slow, being wrong now and then is not, and neither takes much memory."""

from login import brakes
from login.brakes import Brakes


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_few_slips_cost_nothing() -> None:
    slow = Brakes(Clock())
    for _ in range(5):
        slow.failed("ann", "10.0.0.1")
    assert slow.wait("ann", "10.0.0.1") == 0


def test_each_further_failure_doubles_the_wait_up_to_a_minute() -> None:
    clock = Clock()
    slow = Brakes(clock)
    waits = []
    for _ in range(13):
        slow.failed("ann", "10.0.0.1")
        waits.append(slow.wait("ann", "10.0.0.1"))
        clock.now += waits[-1]
    assert waits[5:10] == [2, 4, 8, 16, 32]
    assert waits[-1] == 60


def test_others_do_not_wait_for_one_who_guesses() -> None:
    slow = Brakes(Clock())
    for _ in range(10):
        slow.failed("ann", "10.0.0.1")
    assert slow.wait("ann", "10.0.0.2") == 0
    assert slow.wait("bob", "10.0.0.1") == 0


def test_many_names_from_one_address_and_one_name_from_many_are_slow_too() -> None:
    slow = Brakes(Clock())
    for number in range(25):
        slow.failed(f"name{number}", "10.0.0.1")
    assert slow.wait("new", "10.0.0.1") > 0
    for number in range(55):
        slow.failed("ann", f"10.0.1.{number}")
    assert slow.wait("ann", "10.0.2.1") > 0


def test_an_hour_of_rest_forgets() -> None:
    clock = Clock()
    slow = Brakes(clock)
    for _ in range(12):
        slow.failed("ann", "10.0.0.1")
    clock.now += brakes._FORGET + 1
    slow.failed("ann", "10.0.0.1")
    assert slow.wait("ann", "10.0.0.1") == 0


def test_memory_is_bounded_and_the_guesser_stays_in_it() -> None:
    slow = Brakes(Clock())
    for number in range(brakes._MOST):
        slow.failed(f"name{number}", "10.0.0.1")
    assert len(slow._failures) == brakes._MOST
    assert slow.wait("new", "10.0.0.1") == 60
