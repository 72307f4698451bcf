"""The chat page of the demo's agent as a visitor uses it."""

from playwright.sync_api import Page, expect

ANSWER_TIMEOUT = 120_000
"""Milliseconds; the demo's longest answer takes about 20 s on a quiet machine with two cores."""


def ask(page: Page, question: str) -> None:
    page.locator("#question textarea").fill(question)
    page.keyboard.press("Enter")
    # With the question, the box stops taking another one: answer_of() waits for that to end.
    expect(page.locator("#chat .message.user").last).to_have_text(question)


def answer_of(page: Page) -> str:
    """Waits for the answer's end, when the box takes questions again; returns its text."""
    expect(page.locator("#question .submit-button")).to_be_visible(timeout=ANSWER_TIMEOUT)
    return page.locator("#chat .message.bot").last.inner_text().strip()
