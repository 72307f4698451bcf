"""How many examples a test of transport tries: few each time, and more when somebody asks for it.

`AIRGAP_TEST_EXAMPLES=1000` makes each of them try as many.
"""

import os

from hypothesis import HealthCheck, settings

_NAME = "AIRGAP_TEST_EXAMPLES"


def asked_for() -> bool:
    """Whether the environment says how many."""
    return _NAME in os.environ


def examples(usual: int) -> int:
    """``usual``, unless the environment says how many."""
    return int(os.environ.get(_NAME, usual))


def trying(usual: int) -> settings:
    """Hypothesis' settings for that many examples, however long each takes."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples(usual), deadline=None, suppress_health_check=slow)
