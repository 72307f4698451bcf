"""Each closing holds something in: with it alone taken away, something outside is asked for.

The programs are started on this machine, from their PEX files, in the network whose outside is
recorded. What a server asks for is seen at the name server, what a page asks for in the browser's
log of requests, whatever else stops it there.
"""

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Error, Page

from tests.agentfabric.stack import START_SECONDS, Stack, started
from tests.e2e.bundle import built, dist
from tests.e2e.demo import LLM, MODEL
from tests.e2e.intranet import OUTSIDE, Seen
from tests.e2e.needs import PATH, program
from tests.e2e.visits import Visits
from tests.ports import free_port

LANDMARK = "#question textarea, .input-content textarea, body > pre"
"""The last is what a browser shows of an answer that is no page, as the model server's is."""

STRANGER_PORT = 8123
SHOW = f"""() => {{ new Image().src = "http://198.51.100.1:{STRANGER_PORT}/picture.png" }}"""
"""What an answer or a knowledge file may have a page do; the address is one for documentation."""

RUN = """
import runpy, sys
sys.argv = [{module!r}, *{arguments!r}]
runpy.run_module({module!r}, run_name="__main__", alter_sys=True)
"""
FIND = """
import contextlib, huggingface_hub
with contextlib.suppress(Exception):
    huggingface_hub.hf_hub_download("somebody/model", "config.json")
"""
"""What happens where a library, or code that an agent runs, is given a model's name."""
REPORT = """
from vllm.usage import usage_lib
if usage_lib.is_usage_stats_enabled():
    usage_lib.usage_message._send_to_server({})
"""
"""What the server does every ten minutes on a GPU; on a CPU it reports nothing."""
MAKE = "\nimport gradio, time; gradio.Blocks(); time.sleep(3)\n"
"""What happens where a page is made."""
READ = "\nimport unstructured.partition.auto\n"
"""What happens where a file of knowledge is read."""
SPLIT = """
import contextlib, pptx
from agent_runner.upstream import Knowledge
slides = pptx.Presentation()
slide = slides.slides.add_slide(slides.slide_layouts[1])
slide.placeholders[1].text = "The harbour is open. It closes when the water is low."
slides.save("harbour.pptx")
with contextlib.suppress(Exception):
    Knowledge.texts(pathlib.Path("harbour.pptx"))
"""
"""What happens where slides are read as knowledge, and split into sentences."""

STRANGER = "somebody.example"
ADAPTED = """
import contextlib
from agentfabric_offline import adaptations
from agentfabric_offline.upstream import Upstream
environment.use_as_working_folder(scratch)
upstream = Upstream(settings.read_settings(["app"], os.environ), scratch)
for adapt in adaptations.LIBRARY:
    adapt(upstream)
with contextlib.suppress(Exception):
    {}
# The embedding model is being loaded.
os._exit(0)
"""
"""Code that is given ``upstream`` as the page finds it."""
SHOW_AN_ADDRESS = ADAPTED.format(f"""\
upstream.module("gradio.processing_utils").save_url_to_cache(
        "http://{STRANGER}/picture.png", str(scratch))""")
"""What gradio does with an address in an event's data."""
IMPORT = ADAPTED.format(f"""\
upstream.module("publish_util").reload_agent_zip(
        "http://{STRANGER}/agent.zip", str(scratch), "somebody", {{}})""")
"""What upstream's button to import an agent does."""
BROWSE = ADAPTED.format(f"""\
if upstream.module("config_utils").parse_configuration("somebody")[2]["web_browser"]["is_active"]:
        browser = upstream.module("modelscope_agent.tools.web_browser").WebBrowser()
        browser.call('{{"urls": "http://{STRANGER}/"}}')""")
"""What an agent does with a tool that needs no key, if the page offers it."""


@dataclass(frozen=True)
class Program:
    """A program of a bundle.

    Attributes:
        pex: Where it is in the dist folder.
        module: Its package.
        arguments: Of its command line.
        environment: The module and the name of what it sets in its environment.
        prepare: Code that sets that.
        others: What it sets, or adapts, that holds nothing in.
    """

    pex: str
    module: str
    arguments: tuple[str, ...]
    environment: tuple[str, str]
    prepare: str
    others: frozenset[str]

    def __str__(self) -> str:
        return self.module


AGENTFABRIC = Program(
    "src.agentfabric_offline/agentfabric.pex",
    "agentfabric_offline",
    ("app",),
    ("agentfabric_offline.environment", "_CLOSED"),
    """
import os, pathlib, tempfile
from agentfabric_offline import environment, settings
scratch = pathlib.Path(tempfile.mkdtemp())
environment.prepare(os.environ, settings.read_settings(["app"], os.environ), scratch)
""",
    frozenset(
        """
        LOG_ENABLE_FILE TOKENIZERS_PARALLELISM
        copy_what_is_read_relatively keep_state_in_the_state_folder name_files_of_users_literally
        show_names_as_text show_a_small_picture hide_publishing
        ask_for_the_form show_the_answer_alone remember_the_conversation
        fit_prompts_into_the_context give_the_whole_knowledge_to_the_budget
        say_that_an_answer_was_cut tell_why_there_is_no_answer tell_why_nothing_is_configured
        make_agents_when_they_are_missing say_which_tools_are_hidden
        say_which_model_answers_instead ask_for_the_model_when_it_is_used share_one_client
        keep_the_request_in_every_step end_sessions_with_their_page keep_the_latest_of_a_chat
        give_each_session_a_kernel keep_uploads_apart embed_each_file_once take_what_can_be_read
        read_schemas_as_they_are_written call_services_with_a_limit keep_plugins_to_their_agent
        check_plugins_when_they_are_saved know_the_visitor_in_events
        take_data_for_own_events_alone take_the_name_from_the_login keep_uploads_and_copies_apart
        take_only_files_that_were_uploaded link_only_what_the_visitor_may_have
        name_avatars_by_file_name remove_broken_uploads take_nothing_but_files_in_uploads
        load_character_maps_by_name
        """.split()
    )
    # Upstream's models, and the service that draws logos, send nothing without a key.
    | {"offer_the_local_model_alone", "start_agents_with_what_is_here", "draw_no_logo"}
    # What reads slides unpacks the sentence data, too.
    | {"unpack_sentence_data_once"},
)
RUNNER = Program(
    "src.agent_runner/agent.pex",
    "agent_runner",
    (),
    ("agent_runner.offline", "_CLOSED"),
    """
import os, pathlib, tempfile
from agent_runner import offline
offline.prepare(os.environ, pathlib.Path(tempfile.mkdtemp()))
""",
    frozenset({"LOG_ENABLE_FILE", "TOKENIZERS_PARALLELISM"}),
)
SERVER = Program(
    "src.vllm_server/vllm-cpu.pex",
    "vllm_server",
    (),
    ("vllm_server.offline", "_OFFLINE"),
    """
import os
from vllm_server import offline
os.environ.update(offline.offline_environment(os.environ))
""",
    # VLLM_HOST_IP: without it the kernel is asked for a way outside, for which it sends nothing.
    frozenset({"VLLM_HOST_IP", "VLLM_REGEX_COMPILATION_TIMEOUT_S", "VLLM_USE_FLASHINFER_SAMPLER"}),
)
PROGRAMS = [AGENTFABRIC, RUNNER, SERVER]


def look(page: Page) -> None:
    """The page is loaded, then the server's description of its API, if it shows one.

    What the server does at its start it has done.
    """
    page.wait_for_timeout(2000)
    # An answer without a page is an error to Chromium.
    with suppress(Error):
        page.goto(urljoin(page.url, "/docs"))
    page.wait_for_timeout(1000)


@dataclass(frozen=True)
class Closing:
    """One thing that keeps a program from asking outside.

    Attributes:
        name: What it is called in the program.
        opened: Code that takes it away, run before the program.
        seen: What is asked for then, all of it.
        does: What a visitor does; or code that is run with the program's environment in its place.
    """

    program: Program
    name: str
    opened: str
    seen: tuple[str, ...]
    does: Callable[[Page], None] | str = look

    def __str__(self) -> str:
        return f"{self.program}-{self.name}"


def variable(program: Program, name: str, *seen: str, does: str | None = None) -> Closing:
    module, table = program.environment
    opened = f"import {module} as m; del m.{table}[{name!r}]"
    return Closing(program, name, opened, seen, does or look)


def adaptation(name: str, seen: str, does: str | None = None) -> Closing:
    opened = (
        "from agentfabric_offline import adaptations as m\n"
        f"left = tuple(adapt for adapt in m.LIBRARY if adapt.__name__ != {name!r})\n"
        "assert len(left) == len(m.LIBRARY) - 1\n"
        "m.LIBRARY = left"
    )
    return Closing(AGENTFABRIC, name, opened, (seen,), does or look)


TEMPLATES = "import gradio_page as m; m.offline = lambda html: html"
POLICY = "import gradio_page as m; m.POLICY = \"frame-ancestors 'self'\""

API = """
import fastapi
start = fastapi.FastAPI.__init__
def describe(self, **options):
    start(self, **options | {"openapi_url": "/openapi.json"})
fastapi.FastAPI.__init__ = describe
"""
API_OF_VLLM = """
import vllm_server.arguments as m
closed = m.vllm_arguments
def arguments(*given):
    words = closed(*given)
    words.remove("--disable-fastapi-docs")
    return words
m.vllm_arguments = arguments
"""
SENTENCES = """
import nltk.data as m
class Path(list):
    def append(self, folder):
        pass
m.path = Path(m.path)
"""

CLOSINGS = [
    variable(
        AGENTFABRIC,
        "GRADIO_ANALYTICS_ENABLED",
        *("api.gradio.app", "checkip.amazonaws.com", "www.googletagmanager.com"),
    ),
    variable(AGENTFABRIC, "HF_HUB_OFFLINE", "huggingface.co", does=FIND),
    variable(AGENTFABRIC, "SCARF_NO_ANALYTICS", "packages.unstructured.io", does=READ),
    adaptation("use_fonts_of_the_browser", "fonts.googleapis.com"),
    adaptation("strip_templates", "cdnjs.cloudflare.com"),
    adaptation("use_a_local_placeholder", "img.alicdn.com"),
    adaptation("load_the_embedding_once", "www.modelscope.cn"),
    adaptation("copy_only_what_the_visitor_may_have", STRANGER, SHOW_AN_ADDRESS),
    adaptation("replace_publishing", STRANGER, IMPORT),
    adaptation("hide_tools_that_need_the_internet", STRANGER, BROWSE),
    # The page itself does not start then: gradio trips over its fonts when it describes it.
    variable(RUNNER, "GRADIO_ANALYTICS_ENABLED", "api.gradio.app", does=MAKE),
    variable(RUNNER, "HF_HUB_OFFLINE", "huggingface.co", does=FIND),
    variable(RUNNER, "SCARF_NO_ANALYTICS", "packages.unstructured.io", does=READ),
    Closing(RUNNER, "templates", TEMPLATES, ("cdnjs.cloudflare.com",)),
    Closing(RUNNER, "description of the API", API, ("cdn.jsdelivr.net",)),
    Closing(RUNNER, "sentence data", SENTENCES, ("raw.githubusercontent.com",), SPLIT),
    variable(SERVER, "HF_HUB_OFFLINE", "huggingface.co", does=FIND),
    variable(SERVER, "VLLM_NO_USAGE_STATS", "stats.vllm.ai", does=REPORT),
    Closing(SERVER, "description of the API", API_OF_VLLM, ("cdn.jsdelivr.net",)),
]
CLOSED = {
    (closing.program, closing.does): replace(closing, name="all", opened="", seen=())
    for closing in CLOSINGS
}


@dataclass(frozen=True)
class Host:
    """Where the programs run.

    Attributes:
        room: A folder for what they unpack and write.
        model: The address of the model server, which ends in /v1.
    """

    room: Path
    model: str

    def stack(self, program: Program, port: int = 7860, state: Path = Path("none")) -> Stack:
        environ = {
            "PATH": PATH,
            "LANG": "C.UTF-8",
            "HOME": str(self.room / "home"),
            "TMPDIR": str(self.room / "tmp"),
            "PEX_ROOT": str(self.room / "pex"),
            "PEX_INTERPRETER": "1",
            "PORT": str(port),
            "STATE_DIR": str(self.room / state),
            "EMBEDDING_DIR": str(dist() / "models.minilm" / "minilm"),
            "LLM_URL": self.model,
            "LLM_MODEL": MODEL,
            "PASSWORD_FILE": "",
            "AGENT_DIR": str(dist() / "demo" / "agents" / "example"),
            "MODEL_DIR": str(dist() / f"models.{LLM}" / LLM),
            "MODEL_NAME": MODEL,
            "DEVICE": "cpu",
            "MAX_MODEL_LEN": "8192",
            "GENERATION_CONFIG": '{"temperature": 0, "max_new_tokens": 256}',
        }
        return Stack(built(program.pex, f"src/{program.module}:"), environ)

    def command(self, stack: Stack, code: str) -> list[str | Path]:
        """Runs code with the machine outside as the name server: each name is seen there."""
        mount = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        alone = [program("unshare"), "--mount", "sh", "-c", mount]
        return [*alone, self.room / "resolv.conf", *stack.command("-c", code)]

    @contextmanager
    def running(self, closing: Closing) -> Iterator[str]:
        """Runs the program without the closing; yields its address."""
        port = free_port()
        program = closing.program
        stack = self.stack(program, port, Path(f"state-{port}"))
        code = closing.opened + RUN.format(module=program.module, arguments=program.arguments)
        address = f"http://127.0.0.1:{port}/"
        ready = f"{address}health" if program is SERVER else address
        with started(
            self.command(stack, code), stack.environ, ready, self.room / f"{closing}-{port}.log"
        ):
            yield address

    def run(self, closing: Closing) -> None:
        """Runs the closing's code with the program's environment, without the closing."""
        assert isinstance(closing.does, str)
        stack = self.stack(closing.program)
        code = f"{closing.opened}\n{closing.program.prepare}{closing.does}"
        done = subprocess.run(
            self.command(stack, code),
            env=stack.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def host(outside: Seen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """With the model server, which has all its closings."""
    room = tmp_path_factory.mktemp("closings")
    (room / "resolv.conf").write_text(f"nameserver {OUTSIDE}\noptions timeout:1 attempts:1\n")
    for name in ("home", "tmp"):
        (room / name).mkdir()
    host = Host(room, "")
    before = len(outside.packets())
    try:
        with host.running(Closing(SERVER, "all", "", ())) as address:
            assert outside.packets()[before:] == []
            yield replace(host, model=f"{address}v1")
    finally:
        # pytest would keep these gigabytes.
        shutil.rmtree(room)


def asked_for(closing: Closing, host: Host, browser: Browser, outside: Seen) -> list[str]:
    """All that was asked for outside: names, and addresses that a page names."""
    before = len(outside.packets())
    asked: list[str] = []
    if isinstance(closing.does, str):
        host.run(closing)
    else:
        with host.running(closing) as address:
            visits = Visits(browser, address, LANDMARK)
            closing.does(visits.open(locale="zh-CN"))
            asked = visits.asked_outside
            visits.close()
    return [*asked, *(f"{packet.name} {packet.port}" for packet in outside.packets()[before:])]


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_each_closing_has_a_case(program: Program, host: Host) -> None:
    """Whoever sets or adapts something more says here whether it holds something in."""
    module, table = program.environment
    code = f"import json, {module} as m\nnames = list(m.{table})\n"
    if program is AGENTFABRIC:
        code += "from agentfabric_offline.adaptations import LIBRARY, PAGE\n"
        code += "names += (adapt.__name__ for adapt in LIBRARY + PAGE)\n"
    names = json.loads(host.stack(program).run(f"{code}print(json.dumps(names))"))
    cases = Counter(closing.name for closing in CLOSINGS if closing.program is program)
    assert set(cases.values()) == {1}
    assert set(names) - set(cases) == program.others


@pytest.mark.parametrize("page", ["security.md", "security.zh-CN.md"])
def test_the_page_on_security_names_the_hosts(page: str) -> None:
    text = Path("docs", page).read_text()
    (head,) = re.finditer(r"^\| (Without|去掉) \|.*\n", text, re.M)
    table = text[head.end() :].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z.]+\.[a-z]+)`", table))
    assert named == {name for closing in CLOSINGS for name in closing.seen} - {STRANGER}


@pytest.mark.parametrize("closing", CLOSED.values(), ids=str)
def test_with_all_of_them_nothing_is_asked_for(
    closing: Closing, host: Host, browser: Browser, outside: Seen
) -> None:
    assert asked_for(closing, host, browser, outside) == []


@pytest.mark.parametrize("closing", CLOSINGS, ids=str)
def test_without_it_something_is_asked_for(
    closing: Closing, host: Host, browser: Browser, outside: Seen
) -> None:
    asked = asked_for(closing, host, browser, outside)
    assert [name for name in closing.seen if not any(name in each for each in asked)] == [], asked


@pytest.mark.parametrize("program", [AGENTFABRIC, RUNNER], ids=str)
@pytest.mark.parametrize("opened", ["", POLICY], ids=["closed", "open"])
def test_the_policy_keeps_a_page_from_what_it_names(
    program: Program, opened: str, host: Host, browser: Browser, outside: Seen
) -> None:
    def show(page: Page) -> None:
        page.evaluate(SHOW)
        page.wait_for_timeout(2000)

    asked = asked_for(Closing(program, "policy", opened, (), show), host, browser, outside)
    # The browser's log has what was refused, too.
    assert (f"- {STRANGER_PORT}" in asked) is bool(opened)
