"""The demo bundle: what it is called and where it is served."""

from pathlib import Path

from tests.e2e.bundle import built

SERVER = "airgap-demo-server"
AGENT = "airgap-demo-agent"
NETWORK = "airgap-demo"
LLM = "smollm2_135m_instruct"
MODEL = "smollm2-135m-instruct"
SERVER_URL = "http://127.0.0.1:8000"
PAGE_URL = "http://127.0.0.1:7865/"


def built_demo() -> Path:
    return built("demo", "bundles/demo:")
