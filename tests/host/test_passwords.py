"""The pages ask for a login, with a password that `up` makes and prints."""

import os
import re
import stat

import pytest

from login.accounts import Accounts
from tests.host.bundle import Bundle, configure

FIRST = re.compile(r"log in as +(\S+)  password  (\S+)")


def test_the_first_up_makes_an_account_and_each_prints_it(builder: Bundle) -> None:
    first = builder.run("up")
    assert first.returncode == 0, first.stderr
    found = FIRST.search(first.stdout)
    assert found
    name, password = found.groups()
    assert name == "local_user" and len(password) >= 16
    assert Accounts(builder.state / "passwords").check(name, password)
    for file in ("passwords", "first-password"):
        assert stat.S_IMODE((builder.state / file).stat().st_mode) == 0o600
    assert password not in (builder.state / "passwords").read_text()
    assert password not in (builder.docker / "calls").read_text()
    assert password in builder.run("up").stdout
    builder.run("down")
    assert password in builder.run("up").stdout


def test_two_hosts_get_two_passwords(builder: Bundle) -> None:
    passwords = set()
    for state in ("../a", "../b"):
        found = FIRST.search(builder.run("up", AIRGAP_STATE_DIR=state).stdout)
        assert found
        passwords.add(found[2])
    assert len(passwords) == 2


def test_only_hashes_are_mounted_where_code_runs(builder: Bundle) -> None:
    builder.run("up")
    configure(builder)
    builder.run("publish")
    for service in ("agentfabric", "agent-agent"):
        mounts = [word for word in builder.created(service) if word.startswith("type=bind")]
        source = f'type=bind,"source={builder.state}/passwords"'
        assert f"{source},target=/run/airgap/passwords,readonly" in mounts
        assert not [mount for mount in mounts if "first-password" in mount]
        assert not [mount for mount in mounts if f'"source={builder.state}"' in mount]


def test_an_account_can_be_made_and_gets_a_new_password(builder: Bundle) -> None:
    builder.run("up")
    passwords = []
    for _ in range(2):
        done = builder.run("password", "alice")
        assert done.returncode == 0, done.stderr
        passwords.append(done.stdout.split()[-1])
    accounts = Accounts(builder.state / "passwords")
    assert [accounts.check("alice", password) for password in passwords] == [False, True]
    assert FIRST.search(builder.run("up").stdout)
    new = builder.run("password").stdout.split()[-1]
    assert accounts.check("local_user", new)
    assert new in builder.run("up").stdout


def test_a_running_page_sees_the_new_account(builder: Bundle) -> None:
    builder.run("up")
    before = os.stat(builder.state / "passwords").st_ino
    builder.run("password", "alice")
    assert os.stat(builder.state / "passwords").st_ino == before
    builder.run("up")
    assert len(builder.calls("create", "--name", "airgap-demo-agentfabric")) == 1


def test_an_operators_own_passwords_are_left_alone_and_not_printed(builder: Bundle) -> None:
    builder.run("up")
    file = builder.state / "passwords"
    other = file.with_name("edited")
    other.write_text("local_user:my own\nbob:his own\n")
    other.replace(file)
    done = builder.run("up")
    assert done.returncode == 0
    assert not FIRST.search(done.stdout) and "my own" not in done.stdout
    assert str(file) in done.stdout
    assert file.read_text() == "local_user:my own\nbob:his own\n"
    # Another file than the one that the container had mounted.
    assert len(builder.calls("create", "--name", "airgap-demo-agentfabric")) == 2


def test_a_password_file_that_containers_cannot_read(builder: Bundle) -> None:
    builder.run("up")
    builder.docker_says("probe", "read /state/passwords\n")
    assert f"cannot read {builder.state}/passwords" in builder.fails("up")


def test_login_off_is_said_each_time(builder: Bundle) -> None:
    for _ in range(2):
        done = builder.run("up", AIRGAP_LOGIN="off")
        assert "WARNING: LOGIN=off" in done.stdout
        assert "PASSWORD_FILE=" in builder.created("agentfabric")
    assert not (builder.state / "passwords").exists()


@pytest.mark.parametrize("language", ["en_US.UTF-8", "zh_CN.UTF-8"])
def test_passwords_are_printed_in_each_language(builder: Bundle, language: str) -> None:
    done = builder.run("up", LANG=language)
    password = (builder.state / "first-password").read_text().strip()
    assert password in done.stdout
