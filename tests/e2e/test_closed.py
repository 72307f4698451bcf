"""What the containers may do, and that nothing outside can be reached from them."""

import subprocess

import pytest

from tests.e2e.bundle import Bundle
from tests.e2e.demo import AGENT, NETWORK, SERVER
from tests.e2e.intranet import OUTSIDE, Seen
from tests.e2e.needs import program

CONNECT = f"""
import socket
socket.create_connection(("{OUTSIDE}", 80), timeout=3).recv(1)
print("reached")
"""
RESOLVE = """
import socket
print("resolved", socket.getaddrinfo("outside.example", 80))
"""


@pytest.mark.parametrize(("name", "port"), [(SERVER, 8000), (AGENT, 7865)])
def test_a_container_may_do_nothing_that_it_need_not(served: Bundle, name: str, port: int) -> None:
    facts = served.inspect(name)
    host = facts["HostConfig"]
    assert facts["Config"]["User"] == "1000:1000"
    assert host["ReadonlyRootfs"] is True
    assert (host["CapAdd"], host["CapDrop"], host["Privileged"]) == (None, ["ALL"], False)
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["PortBindings"] == {f"{port}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}
    assert list(facts["NetworkSettings"]["Networks"]) == [NETWORK]
    writable = {m["Destination"] for m in facts["Mounts"] if m["RW"]}
    assert writable == ({"/state"} if name == AGENT else set())


@pytest.mark.parametrize("name", [SERVER, AGENT])
def test_its_processes_are_no_more_than_that(served: Bundle, name: str) -> None:
    status = served.docker("exec", name, "cat", "/proc/1/status")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["Uid"].split() == ["1000"] * 4
    assert [int(facts[key], 16) for key in ("CapPrm", "CapEff", "CapBnd", "CapAmb")] == [0] * 4
    assert facts["NoNewPrivs"].strip() == "1"


def python(demo: Bundle, name: str, code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [program("docker"), "exec", name, "/usr/bin/python3.11", "-c", code],
        env=demo.environ,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_machine_outside_is_there(served: Bundle) -> None:
    """Without this the tests below would hold on a machine without any network."""
    image = served.inspect(AGENT)["Config"]["Image"]
    # Long enough for a packet that is lost on the way to be sent again.
    patient = CONNECT.replace("timeout=3", "timeout=60")
    entry = ["--entrypoint", "/usr/bin/python3.11", image, "-c", patient]
    assert served.docker("run", "--rm", *entry) == "reached\n"


@pytest.mark.parametrize("name", [SERVER, AGENT])
def test_no_address_outside_can_be_reached(served: Bundle, name: str) -> None:
    done = python(served, name, CONNECT)
    assert done.returncode != 0
    assert "timed out" in done.stderr or "unreachable" in done.stderr


@pytest.mark.parametrize("name", [SERVER, AGENT])
def test_no_name_outside_is_asked_for(served: Bundle, outside: Seen, name: str) -> None:
    before = len(outside.packets())
    done = python(served, name, RESOLVE)
    assert done.returncode != 0
    assert "gaierror" in done.stderr
    assert [packet for packet in outside.packets()[before:] if packet[1] == 53] == []


def test_the_services_know_each_other_by_name(served: Bundle) -> None:
    assert "resolved" in python(served, AGENT, RESOLVE.replace("outside.example", "server")).stdout
