"""The bundle agentfabric_demo: what it is called, and who visits its pages."""

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.builder_page import log_in, wait_until_ready
from tests.e2e.bundle import Bundle
from tests.e2e.visits import Visits

BUILDER = "airgap-agentfabric_demo-agentfabric"
BUILDER_URL = "http://127.0.0.1:7860/"
BOT_URL = "http://127.0.0.1:7865/"
MODEL = "smollm2-135m-instruct"
FIRST = "local_user"

LANDMARK = "input[name=password], .input-content textarea"
"""What a visitor of either page sees first."""

LANGUAGE = "zh-CN"
WIDTH, HEIGHT = 1400, 1000


@dataclass(frozen=True)
class Fabric:
    """The bundle while it is up.

    Attributes:
        bundle: Runs its program.
        state: The state folder.
        said: What the first ``airgap up`` printed.
        password: Of the account that it made.
    """

    bundle: Bundle
    state: Path
    said: str
    password: str

    @property
    def accounts(self) -> Path:
        """The folder with a folder for each account's agent."""
        return self.state / "agentfabric" / "config"

    def airgap(self, *arguments: str, **environ: str) -> str:
        """What a command of the bundle's program prints; fails when it fails."""
        done = self.bundle.airgap(*arguments, **environ)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def enter(self, visits: Visits, account: str = FIRST, password: str = "") -> Page:
        """A visitor's page, logged in and ready to be used."""
        page = visits.open(LANGUAGE, WIDTH, HEIGHT)
        log_in(page, account, password or self.password)
        wait_until_ready(page)
        expect(page.locator("input[name=password]")).to_have_count(0)
        return page

    def files(self) -> dict[str, bytes]:
        """The agents, knowledge and history in the state folder, by path."""
        kinds = (".json", ".txt", ".md", ".pdf", ".docx", ".pptx")
        return {
            str(path.relative_to(self.state)): path.read_bytes()
            for path in sorted(self.state.rglob("*"))
            if path.suffix in kinds
        }

    def kernels(self) -> int:
        """How many kernels of the code interpreter run in the builder's container."""
        listed = self.bundle.docker("top", BUILDER, "-eo", "pid,args")
        return sum("kernel_process" in line for line in listed.splitlines())
