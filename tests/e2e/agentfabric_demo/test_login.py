"""Who may see the builder's page, and whose agent it shows."""

import json
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.e2e.agentfabric_demo.fabric import (
    BUILDER_URL,
    FIRST,
    HEIGHT,
    LANGUAGE,
    WIDTH,
    Fabric,
)
from tests.e2e.builder_page import describe, field, log_in, tab, update
from tests.e2e.visits import Visits, picture

pytestmark = pytest.mark.usefixtures("silence")


def test_up_says_where_the_page_is_and_who_may_log_in(fabric: Fabric) -> None:
    assert BUILDER_URL in fabric.said
    assert f"log in as                 {FIRST}  password  {fabric.password}" in fabric.said


@pytest.mark.parametrize("path", ["config", "queue/data", "file=/etc/passwd"])
def test_who_is_not_logged_in_gets_nothing(fabric: Fabric, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(BUILDER_URL + path, timeout=60)
    assert refusal.value.code == 401


def test_a_wrong_password_is_refused(fabric: Fabric, visits: Visits) -> None:
    page = visits.open(LANGUAGE, WIDTH, HEIGHT)
    picture(page, "agentfabric-login")
    log_in(page, FIRST, "not-the-password")
    expect(page.get_by_role("alert")).to_have_text("用户名或密码错误。")
    page.goto(BUILDER_URL)
    expect(page.locator("input[name=password]")).to_be_visible()


def test_two_accounts_have_their_own_agents(fabric: Fabric, visits: Visits) -> None:
    password = fabric.airgap("password", "guest").split()[-1]
    first = fabric.enter(visits)
    guest = fabric.enter(visits, "guest", password)
    for page, name in ((first, "The agent of the first"), (guest, "The agent of the guest")):
        tab(page, "Configure")
        describe(page, name, "", "Be brief.")
        update(page)
    for account, name in ((FIRST, "The agent of the first"), ("guest", "The agent of the guest")):
        config = json.loads((fabric.accounts / account / "builder_config.json").read_text())
        assert config["name"] == name
    again = fabric.enter(visits, "guest", password)
    tab(again, "Configure")
    expect(field(again, "名称", "Name")).to_have_value("The agent of the guest")
