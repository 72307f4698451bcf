"""The code interpreter with real kernels, started from the PEX."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from tests.agentfabric.stack import PRELUDE, Stack

TOOL = (
    PRELUDE
    + """
import contextlib

from agentfabric_offline import kernels
from agentfabric_offline.adaptations.users import visited_by

tool = upstream.module("modelscope_agent.tools.base").TOOL_REGISTRY["code_interpreter"]({})


def running():
    found = []
    for file in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        # A thread may have ended since it was listed.
        with contextlib.suppress(OSError):
            found += file.read_text().split()
    return found


def run(code):
    with visited_by({"airgap.user": "author", "airgap.session": "1"}):
        return tool.call("```py\\n" + code + "\\n```")

"""
)


def test_a_kernel_starts_when_code_is_first_run_and_keeps_its_variables(
    stack: Stack, settings: dict[str, str]
) -> None:
    code = TOOL + (
        "print(len(running()))\n"
        "print(run('x = 41'))\n"
        "print(run('print(x + 1)'))\n"
        "print(len(running()))\n"
    )
    assert stack.run(code, **settings).splitlines()[-4:] == [
        *("0", "The code executed successfully.", "42", "1")
    ]


def test_plots_come_back_with_their_chinese_labels(stack: Stack, settings: dict[str, str]) -> None:
    plot = 'plt.plot([1, -2])\\nplt.title("销售额")\\nplt.show()'
    styles = ("", "sns.set_theme()\\n", 'plt.rcParams["font.sans-serif"] = ["SimHei"]\\n')
    code = TOOL + "\n".join(f"print(run('{style}{plot}'))" for style in styles)

    printed = stack.run(code, **settings)

    plots = list(Path(settings["STATE_DIR"], "code_interpreter", "author").glob("*.png"))
    assert len(plots) == len(styles)
    for file in plots:
        assert f"![IMAGEGEN]({file})" in printed
        assert file.read_bytes().startswith(b"\x89PNG")
    # matplotlib warns of each character that no font has.
    assert "missing from" not in printed


def test_code_that_runs_too_long_is_stopped_and_the_next_call_works(
    stack: Stack, settings: dict[str, str]
) -> None:
    code = TOOL + (
        "run('x = 1')\n"
        "limits = kernels.Kernel.run.__defaults__\n"
        "kernels.Kernel.run.__defaults__ = (2.0,)\n"
        # A busy machine may stop it late, which is not what is asked about.
        "kernels._GRACE_SECONDS = 60\n"
        "print(run('while True: pass'))\n"
        "kernels.Kernel.run.__defaults__ = limits\n"
        "print(run('print(x)'))\n"
    )
    printed = stack.run(code, **settings)

    assert "ran for more than 2 s and was stopped" in printed
    assert printed.endswith("\n1\n")


def test_a_kernel_that_died_is_replaced_and_that_is_told(
    stack: Stack, settings: dict[str, str]
) -> None:
    code = TOOL + (
        "print(run('import signal; os.kill(os.getpid(), signal.SIGKILL)'))\n"
        "print(run('print(6 * 7)'))\n"
    )
    printed = stack.run(code, **settings)

    assert "variables and imports of earlier calls are lost" in printed
    assert printed.endswith("\n42\n")


def test_code_reads_nothing_of_the_page_or_of_other_users(
    stack: Stack, settings: dict[str, str], tmp_path: Path
) -> None:
    from_outside = tmp_path / "state" / "config" / "other" / "builder_config.json"
    from_outside.parent.mkdir(parents=True)
    from_outside.write_text("secret")
    settings["LLM_API_KEY"] = "secret"
    code = TOOL + (
        f"print(run('print(open({json.dumps(str(from_outside))}).read())'))\n"
        "print(run('print(os.environ)'))\n"
    )
    printed = stack.run(code, **settings)

    assert "PermissionError" in printed
    assert "environ({" in printed
    assert "secret" not in printed.replace(str(from_outside), "")


def test_no_kernel_outlives_a_page_that_is_killed(stack: Stack, settings: dict[str, str]) -> None:
    code = TOOL + (
        "run('x = 1')\n"
        "print('kernel', *running(), flush=True)\n"
        "import time; time.sleep(600)\n"
    )
    with subprocess.Popen(
        stack.command("-c", code),
        env={**stack.environ, "PEX_INTERPRETER": "1", **settings},
        stdout=subprocess.PIPE,
        text=True,
    ) as page:
        assert page.stdout is not None
        line = next(line for line in page.stdout if line.startswith("kernel"))
        kernel = int(line.split()[1])
        os.kill(page.pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while _runs(kernel):
        assert time.monotonic() < deadline, "the kernel still runs"
        time.sleep(0.1)


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # Where nothing reaps orphans, they stay as that.
