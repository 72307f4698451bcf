"""Runs several fetches at a time, and stops all of them when one fails."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

Job = Callable[[threading.Event], None]
"""A piece of work that gives up soon after the event is set."""


def run_all(
    jobs: Sequence[Job], workers: int, break_off: Callable[[], None] = lambda: None
) -> None:
    """Run every job, ``workers`` of them at a time, in order.

    ``break_off`` is called once the event is set, to end what a job may be waiting for.

    Raises:
        Exception: What the first failing job raised; the others were stopped by then.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(job, stop) for job in jobs]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            stop.set()
            break_off()
            pool.shutdown(cancel_futures=True)
            raise
