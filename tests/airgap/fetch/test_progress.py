import io

from rich.console import Console
from rich.progress import Progress as Bar

from airgap.fetch.progress import Bars, Lines, human, shown


def test_lines_add_up_and_the_last_is_always_written() -> None:
    stream = io.StringIO()
    lines = Lines(stream, interval=0)
    lines.expect(2, 3000)
    lines.begin("a", 1000)
    lines.update("a", 500)
    lines.end("a", 1000)
    lines.end("b", 2000)
    assert stream.getvalue().splitlines() == [
        "fetching 2 files, 3.0 kB",
        "fetched 0 of 2 files, 500 B of 3.0 kB",
        "fetched 1 of 2 files, 1.0 kB of 3.0 kB",
        "fetched 2 of 2 files, 3.0 kB of 3.0 kB",
    ]


def test_lines_are_rare() -> None:
    stream = io.StringIO()
    lines = Lines(stream, interval=3600)
    lines.expect(1, 1000)
    for done in range(100):
        lines.update("a", done)
    lines.end("a", 1000)
    assert len(stream.getvalue().splitlines()) == 2


def test_a_stream_that_is_no_terminal_gets_lines() -> None:
    with shown(io.StringIO()) as progress:
        assert isinstance(progress, Lines)


def test_bars_show_the_items_on_their_way_and_the_total() -> None:
    bar = Bar(console=Console(file=io.StringIO()))
    bars = Bars(bar)
    bars.expect(2, 300)
    bars.begin("a", 100)
    bars.begin("b", 200)
    bars.update("a", 40)
    bars.end("b", 200)
    tasks = {task.description: (task.completed, task.total) for task in bar.tasks}
    assert tasks == {"all": (240, 300), "a": (40, 100)}


def test_sizes_are_in_decimal_units() -> None:
    assert [human(size) for size in (0, 999, 1000, 191_794_682, 25_000_000_000)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "191.8 MB",
        "25.0 GB",
    ]
