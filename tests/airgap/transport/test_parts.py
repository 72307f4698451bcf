"""Parts and their headers: each tells what all of them must be."""

import dataclasses
import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airgap.errors import AirgapError
from airgap.store import Blob
from airgap.transport.parts import Header, Transfer, cut, name, read_header, render
from airgap.transport.stream import Section
from tests.airgap.transport.effort import trying

TRANSFER = Transfer("demo", "d" * 64, 20_000, Section(4096, 15_904))


def header_of(transfer: Transfer, size: int, number: int = 1) -> Header:
    """A header as `cut` plans it, with hashes that are not those of anything."""
    planned = cut(transfer, size)
    payloads = tuple(
        Blob(hashlib.sha256(b"%d" % n).hexdigest(), planned.length(n))
        for n in range(1, planned.count + 1)
    )
    return Header(transfer, planned.header, number, payloads)


@trying(200)
@given(st.integers(1, 10**13), st.integers(12 << 10, 10**11))
def test_parts_fit_their_medium_and_hold_all(stream: int, size: int) -> None:
    transfer = dataclasses.replace(TRANSFER, stream=stream)
    if stream / size > 2000:
        return
    try:
        planned = cut(transfer, size)
    except AirgapError as error:
        assert "larger --size" in str(error)
        assert size < 400_000
        return
    lengths = [planned.length(n) for n in range(1, planned.count + 1)]
    assert sum(lengths) == stream
    assert min(lengths) > 0
    assert planned.header + max(lengths) < size
    assert planned.header % 4096 == planned.payload % 4096 == 0
    if planned.count > 1:
        # One part fewer would not have held it.
        assert (planned.count - 1) * (size - 4096 - planned.header) < stream


@trying(50)
@given(
    st.integers(1, 10**9),
    st.integers(100_000, 10**9),
    st.none() | st.builds(Section, st.integers(0, 10**12), st.integers(1, 10**12)),
    st.none() | st.just("e" * 64),
    st.integers(0, 10**9),
)
def test_a_header_is_read_as_it_was_written(
    stream: int, size: int, image: Section | None, inventory: str | None, which: int
) -> None:
    transfer = Transfer("a.b_c-1", "0123456789abcdef" * 4, stream, image, inventory)
    if stream / size > 200:
        return
    first = header_of(transfer, size)
    header = dataclasses.replace(first, number=which % len(first.payloads) + 1)
    file = io.BytesIO(render(header) + b"payload")
    assert read_header(file, "x") == header
    assert file.read() == b"payload"


def test_the_header_is_as_its_format_says() -> None:
    header = header_of(TRANSFER, 20_000, number=2)
    text = render(header).decode("ascii")
    assert len(text) == 4096
    lines = text.rstrip("\n").split("\n")
    assert lines[:6] == [
        "airgap-part 1",
        f"bundle demo sha256:{'d' * 64}",
        "part 2 of 2",
        "header 4096",
        "stream 20000",
        "image 4096 15904",
    ]
    assert lines[6] == f"1 12288 {hashlib.sha256(b'1').hexdigest()}"
    assert lines[7] == f"2 7712 {hashlib.sha256(b'2').hexdigest()}"
    above = "".join(f"{line}\n" for line in lines[:-1]).encode()
    assert lines[8:] == [f"end {hashlib.sha256(above).hexdigest()}"]


@trying(300)
@given(st.integers(0, 4095 * 8 + 7))
def test_a_flipped_bit_anywhere_in_a_header_is_seen(bit: int) -> None:
    data = bytearray(render(header_of(TRANSFER, 20_000)))
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(AirgapError, match="take the part again"):
        read_header(io.BytesIO(data), "x")


@trying(50)
@given(st.integers(0, 4095))
def test_a_truncated_header_is_seen(length: int) -> None:
    data = render(header_of(TRANSFER, 20_000))[:length]
    with pytest.raises(AirgapError, match="take the part again"):
        read_header(io.BytesIO(data), "x")


@pytest.mark.parametrize(
    "lie",
    [
        lambda text: text.replace(b"part 1 of 2", b"part 3 of 2"),
        lambda text: text.replace(b"part 1 of 2", b"part 0 of 2"),
        lambda text: text.replace(b"part 1 of 2", b"part 1 of 3"),
        lambda text: text.replace(b"stream 20000", b"stream 20001"),
        lambda text: text.replace(b"header 4096", b"header 8192"),
        lambda text: text.replace(b"1 12288", b"1 12287"),
        lambda text: text.replace(b"\n2 7712", b"\n3 7712"),
        lambda text: text.replace(b"bundle demo", b"bundle ../d"),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(lie: object) -> None:
    text = render(header_of(TRANSFER, 20_000)).rpartition(b"end ")[0]
    lied = lie(text)  # type: ignore[operator]
    assert lied != text
    data = lied + b"end %s\n" % hashlib.sha256(lied).hexdigest().encode()
    with pytest.raises(AirgapError):
        read_header(io.BytesIO(data.ljust(4096, b"\n")), "x")


def test_names_sort_in_the_order_of_the_parts() -> None:
    assert name(TRANSFER, 7, 99) == "demo-dddddddddddd.007.part"
    names = [name(TRANSFER, n, 12_000) for n in (2, 10, 999, 12_000)]
    assert names == sorted(names)
    delta = dataclasses.replace(TRANSFER, inventory="0123456789" + "a" * 54)
    assert name(delta, 1, 1) == "demo-dddddddddddd-delta-01234567.001.part"
