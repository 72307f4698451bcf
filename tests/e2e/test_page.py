"""The chat page in a real browser, answered by the real model."""

import json
import re
import urllib.request

from playwright.sync_api import expect

from tests.e2e.bundle import Bundle
from tests.e2e.chat_page import ANSWER_TIMEOUT, answer_of, ask
from tests.e2e.demo import MODEL, SERVER_URL
from tests.e2e.visits import Visits, lose_files, picture

QUESTION = "What is the door code of the boat house?"
FACT = "7294"
QUESTION_ZH = "云雀码头加油站的负责人是谁？"
FACT_ZH = "欧阳砚秋"

# Collects every length that the answer had while it was on the page.
WATCH = """() => {
    window.lengths = new Set();
    new MutationObserver(() => {
        const answers = document.querySelectorAll("#chat .message.bot");
        if (answers.length) window.lengths.add(answers[answers.length - 1].innerText.length);
    }).observe(document.querySelector("#chat"),
        {childList: true, subtree: true, characterData: true});
}"""


def test_the_page_greets_with_the_agent(visits: Visits) -> None:
    page = visits.open()
    assert page.title() == "Harbour Desk"
    expect(page.locator("h1")).to_have_text("Harbour Desk")
    expect(page.locator("#chat .example")).to_have_count(3)
    picture(page, "page")


def test_a_page_that_lost_files_is_loaded_again(visits: Visits) -> None:
    page = visits.open()
    lost = lose_files(page)
    page.reload()
    expect(page.locator("h1")).to_have_text("Harbour Desk", timeout=60_000)
    assert lost


def test_a_fact_of_the_knowledge_is_answered(visits: Visits) -> None:
    page = visits.open()
    ask(page, QUESTION)
    assert FACT in answer_of(page)
    picture(page, "answer")
    knowledge = page.locator("#chat .thought-group")
    expect(knowledge).to_contain_text("harbour-desk.md")
    knowledge.locator(".title").click()
    expect(knowledge.locator("blockquote").first).to_contain_text(f"boat house is {FACT}")
    picture(page, "knowledge")


def test_without_the_knowledge_the_model_does_not_know_it(served: Bundle) -> None:
    body = {"model": MODEL, "messages": [{"role": "user", "content": QUESTION}]}
    address = f"{SERVER_URL}/v1/chat/completions"
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=300) as response:
        answer = json.load(response)["choices"][0]["message"]["content"]
    assert answer
    assert FACT not in answer


def test_a_suggestion_is_asked_by_a_click(visits: Visits) -> None:
    page = visits.open()
    page.locator("#chat .example").nth(1).click()
    asked = page.locator("#chat .message.user")
    expect(asked).to_have_text("When does the last ferry leave Larkmoor?")
    answer = page.locator("#chat .message.bot").nth(1)
    expect(answer).to_contain_text(re.compile(r"\w"), timeout=ANSWER_TIMEOUT)
    assert answer_of(page)


def test_chinese_is_retrieved_and_streamed(visits: Visits) -> None:
    # The model is English: of its answer nothing is promised but that it comes, and piece by piece.
    page = visits.open("zh-CN")
    expect(page.locator("#question textarea")).to_have_attribute("placeholder", "请输入问题……")
    page.evaluate(WATCH)
    ask(page, QUESTION_ZH)
    knowledge = page.locator("#chat .thought-group")
    expect(knowledge).to_contain_text("引用的知识", timeout=ANSWER_TIMEOUT)
    knowledge.locator(".title").click()
    expect(knowledge.locator("blockquote").first).to_contain_text(FACT_ZH)
    assert answer_of(page)
    assert len(page.evaluate("() => [...window.lengths]")) > 2
    picture(page, "chinese")


def test_two_visitors_do_not_see_each_other(visits: Visits) -> None:
    first, second = visits.open(), visits.open()
    other = "Where is lost property kept?"
    ask(first, QUESTION)
    ask(second, other)
    assert answer_of(first)
    assert answer_of(second)
    expect(first.locator("#chat .message.user")).to_have_text(QUESTION)
    expect(second.locator("#chat .message.user")).to_have_text(other)
