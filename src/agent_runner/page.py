"""The chat page."""

import asyncio
import html
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import fastapi
import gradio as gr
from starlette.concurrency import iterate_in_threadpool
from starlette.types import ASGIApp

from agent_runner import closed, turns
from agent_runner.agent import Answer, ServedAgent
from agent_runner.config import AgentConfig
from agent_runner.errors import Problem
from agent_runner.forget import forget_what_is_done
from agent_runner.index import Passage
from agent_runner.texts import PAGE, language_of
from agent_runner.turns import Turns
from agent_runner.upstream import VisitorMemory

_FONTS = ("system-ui", "Noto Sans SC", "Microsoft YaHei", "sans-serif")
_CSS = """
.gradio-container { width: 100% !important; max-width: 54rem !important; margin: auto !important; }
footer { display: none !important; }
#head .head { display: flex; align-items: center; gap: .9rem; padding: .6rem .2rem; }
#head .mark { flex: none; width: 3rem; height: 3rem; border-radius: .9rem; display: grid;
  place-items: center; font-size: 1.5rem; font-weight: 600; color: white;
  background: linear-gradient(135deg, var(--primary-400), var(--primary-700)); }
#head h1 { margin: 0; font-size: 1.4rem; line-height: 1.3; }
#head p { margin: 0; color: var(--body-text-color-subdued); }
#chat { border-radius: .9rem; }
#chat .example { border: 1px solid var(--border-color-primary); border-radius: .8rem;
  background: var(--background-fill-secondary); }
#chat .example:hover { border-color: var(--primary-400); }
#chat .message:has(.thought-group) { border: none; background: none; box-shadow: none; padding: 0; }
#chat .thought-group { border-radius: .6rem; padding-block: .3rem; }
#chat blockquote { border-inline-start: 3px solid var(--primary-300); margin: .3rem 0 .6rem;
  padding-inline-start: .7rem; }
#new { align-self: center; max-width: 12rem; }
"""
_LOOK_AGAIN = 0.5
"""Seconds until who waits looks again whose turn it is."""
_REFUSED = 16
"""Visitors who can be told at the same time that too many wait."""
_FORGET_AFTER = 6 * 3600
"""Seconds after which the memory of a visitor who has gone is dropped."""

Chat = list[dict[str, Any]]
_I18N = gr.I18n(**{tag: PAGE[tag[:2]] for tag in ("en", "zh", "zh-CN", "zh-TW")})
_log = logging.getLogger(__name__)


def application(agent: ServedAgent) -> ASGIApp:
    """The page of ``agent`` as an ASGI application, for one process."""
    closed.close_templates()
    app = gr.mount_gradio_app(
        fastapi.FastAPI(openapi_url=None),
        _blocks(agent),
        path="",
        show_api=False,
        ssr_mode=False,
        i18n=_I18N,
        # The page takes no files; gradio's address for uploads is there all the same.
        max_file_size=0,
        allowed_paths=[str(agent.config.avatar)] if agent.config.avatar else None,
    )
    return closed.WithPolicy(app)


def _blocks(agent: ServedAgent) -> gr.Blocks:
    config = agent.config
    # The theme's own fonts have no Chinese.
    theme = gr.themes.Soft(font=_FONTS, font_mono=("ui-monospace", "monospace"))
    with gr.Blocks(title=config.name, theme=theme, css=_CSS, fill_height=True) as blocks:
        queue = Turns()
        memory = gr.State(time_to_live=_FORGET_AFTER)
        gr.HTML(_head(config), elem_id="head")
        chat = gr.Chatbot(
            type="messages",
            elem_id="chat",
            show_label=False,
            show_share_button=False,
            feedback_options=None,
            group_consecutive_messages=False,
            avatar_images=(None, config.avatar),
            examples=[{"text": suggestion} for suggestion in config.suggestions],
            scale=1,
        )
        question = gr.Textbox(
            elem_id="question",
            show_label=False,
            placeholder=_I18N("ask"),
            submit_btn=True,
            autofocus=True,
        )
        new = gr.Button(_I18N("new"), elem_id="new", size="sm")

        async def respond(
            asked: str, shown: Chat, memory: VisitorMemory | None, request: gr.Request
        ) -> AsyncIterator[tuple[gr.Textbox, Chat, VisitorMemory]]:
            if not asked.strip():
                yield gr.skip(), gr.skip(), gr.skip()
                return
            memory = memory or agent.memory()
            language = language_of(request.headers.get("accept-language", ""))
            shown = [*shown, {"role": "user", "content": asked}]
            try:
                with queue.taken() as turn:
                    yield gr.Textbox("", submit_btn=False, stop_btn=True), shown, memory
                    told = ""
                    while place := queue.place(turn):
                        text = _waiting(place, queue.seconds(place), language)
                        if text != told:
                            yield gr.skip(), [*shown, _said(text)], memory
                            told = text
                        await asyncio.sleep(_LOOK_AGAIN)
                    # Stopped, its thread goes on until the next piece, and then nobody holds it.
                    answer = _answer(agent, memory, asked, language)
                    async for added in iterate_in_threadpool(answer):
                        yield gr.skip(), [*shown, *added], memory
            except Problem as problem:
                # The question stays in its box.
                yield gr.skip(), [*shown, _said(f"⚠️ {problem.text(language)}")], memory

        ask = {
            "fn": respond,
            "inputs": [question, chat, memory],
            "outputs": [question, chat, memory],
            # Its own queue tells nothing in the language of the visitor.
            "concurrency_limit": None,
        }
        typed = question.submit(**ask)
        chosen = chat.example_select(_chosen, outputs=question, queue=False).then(**ask)
        for event in (typed, chosen):
            # Also after a stop, and not before it is done: a question in between would be lost.
            event.then(
                lambda: gr.Textbox(submit_btn=True, stop_btn=False), outputs=question, queue=False
            )
        question.stop(None, cancels=[typed, chosen])
        gr.on(
            [new.click, chat.clear],
            lambda: ([], None),
            outputs=[chat, memory],
            cancels=[typed, chosen],
            queue=False,
        )
    blocks.max_threads = turns.AT_ONCE + turns.WAITING + _REFUSED
    blocks.queue()
    forget_what_is_done(blocks)
    return blocks


def _waiting(place: int, seconds: int, language: str) -> str:
    text = PAGE[language]["place in time" if seconds else "place"]
    return f"⏳ {text.format(place=place, seconds=seconds)}"


def _answer(
    agent: ServedAgent, memory: VisitorMemory, question: str, language: str
) -> Iterator[Chat]:
    answer = None
    try:
        for answer in agent.ask(memory, question):
            yield _shown(answer, language)
    except Problem as problem:
        _log.warning("%s", problem)
        before = _shown(answer, language) if answer else []
        yield [*before, _said(f"⚠️ {problem.text(language)}")]


def _shown(answer: Answer, language: str) -> Chat:
    """``answer`` as messages of the chat: the knowledge, folded; the text; what to know of it."""
    text = PAGE[language]
    shown = [_said(answer.text or "…")]
    if answer.passages:
        files = ", ".join(dict.fromkeys(passage.file for passage in answer.passages))
        title = "📖 " + text["knowledge"].format(files=files)
        folded = {"title": title, "status": "done"}
        quotes = "\n\n".join(_quote(passage) for passage in answer.passages)
        shown.insert(0, _said(quotes) | {"metadata": folded})
    notes = ("forgotten", answer.forgotten), ("cut", answer.cut)
    return shown + [_said(f"⚠️ {text[key]}") for key, applies in notes if applies]


def _said(content: str) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def _quote(passage: Passage) -> str:
    # HTML, because a knowledge file's text is no Markdown of ours.
    text = html.escape(passage.text.strip()).replace("\n", "<br>")
    return f"<b>{html.escape(passage.file)}</b><blockquote>{text}</blockquote>"


def _chosen(event: gr.SelectData) -> str:
    return str(event.value["text"])


def _head(config: AgentConfig) -> str:
    lines = [f"<h1>{html.escape(config.name)}</h1>", f"<p>{html.escape(config.description)}</p>"]
    if config.tools:
        # The header is the same for all visitors, so this stands in both languages.
        texts = (PAGE[tag]["tools"].format(tools=", ".join(config.tools)) for tag in PAGE)
        lines.append(f"<p>⚠️ {html.escape(' · '.join(texts))}</p>")
    mark = f'<span class="mark" aria-hidden="true">{html.escape(config.name[0])}</span>'
    return f'<div class="head">{mark}<div>{"".join(lines)}</div></div>'
