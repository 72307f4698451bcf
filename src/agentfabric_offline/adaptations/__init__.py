"""The one list of what is changed in upstream: each line is a function that says what and why.

Each looks at upstream's shape first and stops the start where it is not the expected one.
"""

from collections.abc import Callable

from agentfabric_offline.adaptations import state
from agentfabric_offline.upstream import Upstream

Adaptation = Callable[[Upstream], None]

LIBRARY: tuple[Adaptation, ...] = (
    state.copy_what_is_read_relatively,
    state.keep_state_in_the_state_folder,
)
"""Applied in this order before upstream's page module is imported."""

PAGE: tuple[Adaptation, ...] = ()
"""Applied in this order after it is imported and before it is served."""
