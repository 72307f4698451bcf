"""What a build could see of the world that it ran in, looked at from inside."""

import locale
import os
import platform
import pwd
import shutil
import subprocess
import time

COMPILERS = ("cc", "gcc", "c++", "g++", "clang", "clang++", "tcc", "c99", "c89", "rustc")

HOW = {
    "cores": "it takes two, and the program taskset",
    "release of Python": "it takes another patch release of CPython 3.11 that both users can run:"
    " Debian's, pyenv's or uv's",
    "user": "it takes root",
    "clock": "it takes root, and apt-get install libfaketime",
    "order of files": "it takes root, and apt-get install disorderfs",
    "compiler": "it takes root, and apt-get install gcc",
}
"""How to have what a machine can lack."""


def seen() -> dict[str, str]:
    """What is and what is seen; all of it is no input of a build. Starts a program."""
    compilers = (name for name in COMPILERS if shutil.which(name, path=os.defpath))
    return {
        "folder": os.getcwd(),
        "HOME": os.path.relpath(os.environ["HOME"]),
        "TMPDIR": os.path.relpath(os.environ["TMPDIR"]),
        "umask": f"{_umask():03o}",
        "locale": f"{os.environ['LC_ALL']}, {locale.getencoding()}",
        "time zone": time.strftime("UTC%z"),
        "cores": str(len(os.sched_getaffinity(0))),
        "release of Python": platform.python_version(),
        "user": pwd.getpwuid(os.geteuid()).pw_name,
        "clock": f"in the year {_year()}",
        "order of files": _order(),
        "compiler": " ".join(compilers) or "none",
    }


def differences(near: dict[str, str], far: dict[str, str]) -> list[str]:
    """For people, a line for each thing: how the two worlds differed in it, or why they did not."""
    return [
        f"{what}: {value} | {far[what]}"
        if far[what] != value
        else f"{what}: {value} in both; {HOW.get(what, 'that should not be')}"
        for what, value in near.items()
    ]


def _umask() -> int:
    found = os.umask(0)
    os.umask(found)
    return found


def _year() -> str:
    """As it is for a program that gets no environment, as many that build do."""
    return subprocess.check_output(["/bin/date", "+%Y"], env={}, text=True).strip()


def _order() -> str:
    looks = {tuple(os.listdir(os.environ["PYTHONPATH"].split(os.pathsep)[-1])) for _ in range(5)}
    return "always one" if len(looks) == 1 else "another at each look"
