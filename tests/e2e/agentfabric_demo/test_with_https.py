"""The pages and the model server with the operator's certificate, and proxies in Docker's settings.

Named so that it runs last: everything is up anew, and nothing is put back.
"""

import json
import ssl
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.agentfabric_demo.fabric import BUILDER, FIRST, HEIGHT, LANGUAGE, MODEL, WIDTH, Fabric
from tests.e2e.builder_page import log_in, wait_until_ready
from tests.e2e.bundle import Bundle
from tests.e2e.intranet import OUTSIDE
from tests.host.certificates import Certificate, make_certificate

pytestmark = pytest.mark.usefixtures("silence")

PAGE = "https://127.0.0.1:7860/"
SERVER = "https://127.0.0.1:8000/v1"
ASK_SERVER = """
import os, urllib.request
print(sorted(value for name, value in os.environ.items() if name.lower().endswith("s_proxy")))
print(urllib.request.urlopen("http://server:8000/v1/models", timeout=30).status)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls") / "made")


@pytest.fixture(scope="module")
def secured(
    fabric: Fabric, made: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Bundle, str]:
    """The bundle while it is up with the certificate, and what ``airgap up`` said."""
    folder = tmp_path_factory.mktemp("docker")
    proxy = f"http://{OUTSIDE}:3128"
    proxies = {"httpProxy": proxy, "httpsProxy": proxy, "allProxy": proxy, "noProxy": "x.lan"}
    (folder / "config.json").write_text(json.dumps({"proxies": {"default": proxies}}))
    settings = {**fabric.bundle.environ, **made.settings, "DOCKER_CONFIG": str(folder)}
    bundle = Bundle(fabric.bundle.folder, settings)
    done = bundle.airgap("up")
    assert done.returncode == 0, done.stdout + done.stderr
    return bundle, done.stdout


def fetch(made: Certificate, address: str, body: object = None) -> Any:
    """What a program gets that trusts this certificate and no other."""
    trust = ssl.create_default_context(cafile=made.certificate)
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    return urllib.request.urlopen(request, timeout=300, context=trust)


def test_up_and_status_name_https(secured: tuple[Bundle, str]) -> None:
    bundle, said = secured
    assert PAGE in said and f"{SERVER}  (model {MODEL})" in said
    assert "for localhost 127.0.0.1, until 20" in said
    status = bundle.airgap("status")
    assert status.returncode == 0, status.stdout
    assert f"AgentFabric answers at {PAGE}" in status.stdout
    assert "https of the model server answers at https://127.0.0.1:8000/" in status.stdout


def test_a_login_over_https_has_a_cookie_for_https_alone(
    secured: tuple[Bundle, str], fabric: Fabric, browser: Browser
) -> None:
    # The browser knows no authority of this test; who shows the certificate is seen below.
    context = browser.new_context(
        ignore_https_errors=True, locale=LANGUAGE, viewport={"width": WIDTH, "height": HEIGHT}
    )
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(PAGE)
    log_in(page, FIRST, fabric.password)
    wait_until_ready(page)
    (cookie,) = (each for each in context.cookies() if each["name"].startswith("airgap-"))
    context.close()
    assert cookie["secure"] and cookie["httpOnly"]
    assert len(asked) > 10
    assert [each for each in asked if not each.startswith((PAGE, "data:", "blob:"))] == []


def test_programs_reach_page_and_server_with_the_certificate(
    secured: tuple[Bundle, str], made: Certificate
) -> None:
    assert fetch(made, f"{PAGE}login").status == 200
    assert MODEL in [each["id"] for each in json.load(fetch(made, f"{SERVER}/models"))["data"]]
    asked = {
        "model": MODEL,
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
        "stream": True,
    }
    with fetch(made, f"{SERVER}/chat/completions", asked) as answer:
        events = [line for line in answer if line.startswith(b"data: ")]
    assert len(events) > 3 and events[-1].strip() == b"data: [DONE]"


@pytest.mark.parametrize("address", [PAGE, f"{SERVER}/models"])
def test_nothing_is_told_without_encryption(secured: tuple[Bundle, str], address: str) -> None:
    with pytest.raises(OSError):
        urllib.request.urlopen(address.replace("https:", "http:"), timeout=30)


def test_the_operator_asks_as_before(secured: tuple[Bundle, str]) -> None:
    bundle, _ = secured
    assert "Paris" in bundle.airgap("chat", "What is the capital of France?").stdout


def test_proxies_of_docker_s_client_reach_no_container(secured: tuple[Bundle, str]) -> None:
    bundle, _ = secured
    python = ("exec", BUILDER, "/usr/bin/python3.11", "-c", ASK_SERVER)
    proxies, status = bundle.docker(*python).splitlines()
    assert (proxies, status) == ("['', '']", "200")


def test_an_expired_certificate_changes_nothing(
    secured: tuple[Bundle, str], tmp_path: Path
) -> None:
    bundle, _ = secured
    before = bundle.left()
    expired = make_certificate(tmp_path / "expired", days=(-9, -1))
    done = bundle.airgap("up", **expired.settings)
    assert done.returncode == 1
    assert "certificate has expired" in done.stderr
    assert bundle.left() == before
    assert bundle.airgap("status").returncode == 0
