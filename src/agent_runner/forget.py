"""What gradio 5 keeps of each question for as long as it runs, and here does not."""

import asyncio
from collections import deque
from types import SimpleNamespace
from typing import Any

import gradio as gr

_TASKS = 100
"""Of the latest questions; it cancels them when it ends."""


def forget_what_is_done(blocks: gr.Blocks) -> None:
    """Have the queue of ``blocks`` hold what waits and what is worked on, and nothing more.

    It would keep each event, with the whole chat that came with it, its task and figures of it.
    """
    queue = blocks._queue
    queue.event_analytics = _Forgotten(dict)
    # Looked at for events that take a stream, of which there is none here.
    queue.event_ids_to_events = _Forgotten(
        lambda: SimpleNamespace(run_time=0, signal=asyncio.Event())
    )
    queue._asyncio_tasks = deque(maxlen=_TASKS)


class _Forgotten(dict[str, Any]):
    """Keeps nothing, and has something new for whoever looks."""

    def __init__(self, new: Any) -> None:
        super().__init__()
        self._new = new

    def __setitem__(self, key: str, value: Any) -> None:
        pass

    def __missing__(self, key: str) -> Any:
        return self._new()
