import pytest

from airgap.errors import AirgapError
from airgap.locks.python import Sdist, Wheel, parse, render
from airgap.store import Blob

A = "a" * 64
B = "b" * 64
TORCH = f"torch==2.13.0+cpu --hash=sha256:{A}  # torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl 7"
JIEBA = (
    f"jieba==0.42.1 --hash=sha256:{A}  # jieba-0.42.1-py3-none-any.whl 19314476"
    f" from jieba-0.42.1.tar.gz 19214172 sha256:{B}"
)


def test_what_is_written_is_read_again() -> None:
    wheels = (
        Wheel(
            "jieba",
            "0.42.1",
            "jieba-0.42.1-py3-none-any.whl",
            Blob(A, 5),
            Sdist("jieba-0.42.1.tar.gz", Blob(B, 6)),
        ),
        Wheel(
            "torch",
            "2.13.0+cpu",
            "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl",
            Blob(B, 7),
        ),
    )
    assert parse(render(reversed(wheels), "a heading\n\nof lines"), "x.lock") == wheels


def test_lines_are_those_of_the_format() -> None:
    assert render(parse(f"{TORCH}\n{JIEBA}\n", "x.lock")) == f"{JIEBA}\n{TORCH}\n"


def test_a_lock_is_a_requirements_file_for_pip() -> None:
    from packaging.requirements import Requirement

    requirement, options = TORCH.split("#")[0].split(" --", 1)
    assert Requirement(requirement).name == "torch"
    assert options.strip() == f"hash=sha256:{A}"


@pytest.mark.parametrize(
    "filename",
    [
        "x-1.0-py3-none-any.whl",
        "x-1.0-py2.py3-none-any.whl",
        "x-1.0-1build-py3-none-any.whl",
        "x-1.0.0-py3-none-any.whl",
        "X-1.0-cp38-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "x-1.0-py3-none-manylinux1_x86_64.whl",
        "x-1.0-cp311-cp311-musllinux_1_1_x86_64.linux_x86_64.whl",
    ],
)
def test_wheels_for_this_platform_pass(filename: str) -> None:
    (wheel,) = parse(f"x==1.0 --hash=sha256:{A}  # {filename} 1", "x.lock")
    assert wheel.filename == filename


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (f"x==1 --hash=sha256:{A}  # ../x-1-py3-none-any.whl 1", "not a wheel's file name"),
        (f"x==1 --hash=sha256:{A}  # .x-1-py3-none-any.whl 1", "not a wheel's file name"),
        (f"x==1 --hash=sha256:{A}  # x-1-py3-none-any.whl\\..\\y 1", "not a wheel's file name"),
        (f"x==1 --hash=sha256:{A}  # x-1-cp312-cp312-linux_x86_64.whl 1", "not a wheel for"),
        (f"x==1 --hash=sha256:{A}  # x-1-cp311-cp311-win_amd64.whl 1", "not a wheel for"),
        (
            f"x==1 --hash=sha256:{A}  # x-1-cp311-cp311-musllinux_1_2_x86_64.whl 1",
            "not a wheel for",
        ),
        (f"x==1 --hash=sha256:{A}  # x-1-cp310-cp310-linux_x86_64.whl 1", "not a wheel for"),
        (f"x==1 --hash=sha256:{A}  # y-1-py3-none-any.whl 1", "not a file of x 1"),
        (f"x==1 --hash=sha256:{A}  # x-2-py3-none-any.whl 1", "not a file of x 1"),
        (f"x==1 --hash=sha256:{A.upper()}  # x-1-py3-none-any.whl 1", "not a sha256"),
        ("x==1 --hash=sha256:abc  # x-1-py3-none-any.whl 1", "not a sha256"),
        (f"X==1 --hash=sha256:{A}  # x-1-py3-none-any.whl 1", "not a normalised name"),
        (f"x==1;y --hash=sha256:{A}  # x-1-py3-none-any.whl 1", "not a normalised version"),
        (f"x==1 --hash=sha256:{A}", "not `name==version"),
        ("--index-url=somewhere", "not `name==version"),
        (
            f"x==1 --hash=sha256:{A}  # x-1-py3-none-any.whl 1 from ../x-1.tar.gz 1 sha256:{B}",
            "not a source archive's file name",
        ),
        (
            f"x==1 --hash=sha256:{A}  # x-1-py3-none-any.whl 1 from x-1.tar.gz 1 sha256:zz",
            "not a sha256",
        ),
    ],
)
def test_hostile_or_wrong_lines_are_refused(line: str, problem: str) -> None:
    with pytest.raises(AirgapError) as raised:
        parse(line, "x.lock")
    assert raised.value.found is not None
    assert raised.value.found.startswith("line 1: ")
    assert problem in raised.value.found


def test_all_problems_are_told_at_once_with_their_lines() -> None:
    text = f"# a comment\n{TORCH}\n\n{TORCH}\n-r other.txt\n"
    with pytest.raises(AirgapError) as raised:
        parse(text, "third_party/python/x.lock")
    message = str(raised.value)
    assert "third_party/python/x.lock" in message
    assert "line 4: `torch` is locked twice" in message
    assert "line 5: not `name==version" in message
