"""One kernel of the code interpreter, a process of its own.

Run as ``python -P -m agentfabric_offline.kernel_process PARENT FONT OPTION...``: the options are
ipykernel's.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import Any

from agentfabric_offline import landlock

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/proc", "/sys")


def main(parent: int, font: Path, options: list[str]) -> None:
    """Serve as a kernel until it is killed, or the thread of ``parent`` that started it ends."""
    end_with(parent)
    be_first_to_go()
    stay_in_the_own_folder(font)
    render_chinese(font)
    from ipykernel import kernelapp

    kernelapp.launch_new_instance(argv=options)


def end_with(parent: int) -> None:
    """Let this process be killed when process ``parent`` is gone, however that ended."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # It was gone before the line above.
        sys.exit(1)


def be_first_to_go() -> None:
    """Where memory runs out, have this process killed and not the page's."""
    Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def stay_in_the_own_folder(font: Path) -> None:
    """Let code use the folder that it works in and what comes with the stack, nothing else.

    The state folder has what other users made, and the password file lies beside it. Where the
    kernel has no Landlock, code can read what the page can; the page says so when it starts.
    """
    if not landlock.version():
        return
    stack = (*sys.path, sys.prefix, sys.base_prefix, *_SYSTEM)
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    landlock.confine(
        # A PEX links to its wheels from its environment.
        readable=[
            *(Path(each) for each in stack if each),
            *linked_from(sys.path),
            *(Path(each) for each in libraries if each),
            Path(sys.executable).resolve().parent,
            font,
        ],
        writable=[Path.cwd(), Path(os.environ["HOME"]), Path("/dev")],
    )


def linked_from(folders: list[str]) -> set[Path]:
    """Where the symbolic links in ``folders`` lead."""
    found = (path for folder in folders if folder for path in Path(folder).glob("*"))
    return {path.resolve() for path in found if path.is_symlink()}


def render_chinese(font: Path) -> None:
    """Have every text of a plot fall back to ``font`` for characters that its own font lacks.

    Code that a model writes asks for fonts of its own (`SimHei`), and seaborn's themes do too. So
    the fallback stands behind all of them, instead of in a setting that the next one replaces.
    """
    from matplotlib import font_manager

    manager: Any = font_manager.fontManager
    manager.addfont(str(font))
    find = manager._find_fonts_by_props

    def with_fallback(properties: object, *args: Any, **named: Any) -> list[str]:
        found: list[str] = find(properties, *args, **named)
        return found if str(font) in found else [*found, str(font)]

    manager._find_fonts_by_props = with_fallback


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
