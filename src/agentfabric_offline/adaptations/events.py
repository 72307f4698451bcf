"""What is done before an event of the page, such as the press of a button."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from agentfabric_offline.errors import UnexpectedShape
from agentfabric_offline.upstream import Upstream


def before_event(
    upstream: Upstream, name: str, *parameters: str, action: Callable[[dict[str, Any]], None]
) -> None:
    """Have ``action`` called before each event that upstream's function ``name`` handles.

    It gets the arguments by name and may change them; what it raises is shown on the page, and the
    event does not happen. Those that it uses are listed in ``parameters``.

    Raises:
        UnexpectedShape: If no event is handled by such a function.
    """
    found = [
        event
        for event in upstream.page.demo.fns
        if inspect.isfunction(event.fn) and event.fn.__name__ == name
    ]
    if len(found) != 1:
        raise UnexpectedShape(f"{upstream.page.__name__}.{name}", "one event", str(len(found)))
    original = found[0].fn
    signature = inspect.signature(original)
    if not set(parameters) <= set(signature.parameters):
        where = f"{upstream.page.__name__}.{name}"
        raise UnexpectedShape(where, f"takes {', '.join(parameters)}", str(signature))

    @functools.wraps(original)
    def handle(*values: Any, **named: Any) -> Any:
        arguments = signature.bind(*values, **named).arguments
        action(arguments)
        return original(**arguments)

    @functools.wraps(original)
    def handle_in_steps(*values: Any) -> Any:
        yield from handle(*values)

    # gradio looks whether a function is one that answers in steps.
    found[0].fn = handle_in_steps if inspect.isgeneratorfunction(original) else handle
