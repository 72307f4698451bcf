"""Answers of the real small model through upstream's own agents."""

import json
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.agentfabric.conftest import MODEL
from tests.agentfabric.local_server import local_server
from tests.agentfabric.stack import PRELUDE, Stack

CLIENT = (
    PRELUDE
    + """
client = upstream.module("modelscope_agent.llm.openai").OpenAI(None, None)
completions, sent = client.chat.completions, []
create = completions.create
completions.create = lambda **request: (sent.append(request["messages"]), create(**request))[1]


def say(value):
    print("\\n" + json.dumps(value))

"""
)
CREATE = """
core = upstream.module("builder_core")
agent, memory = core.init_builder_chatbot_agent("author")
for question in sys.argv[1:]:
    shown, configured = "", None
    for frame in core.gen_response_and_process(agent, question, memory, "author"):
        shown += frame.get("llm_text", "")
        if "exec_result" in frame:
            configured = frame["exec_result"]["result"].to_dict()
    say({"shown": shown, "configured": configured, "sent": sent})
"""
CHAT = """
core = upstream.module("user_core")
agent, _ = core.init_user_chatbot_agent("author")
history = [{"role": "system", "content": ""}]
for turn in range(50):
    history += [
        {"role": "user", "content": f"{turn}: " + "What of the harbour and its ships? " * 8},
        {"role": "assistant", "content": f"{turn}: " + "The harbour has many ships. " * 20},
    ]
document = ("值班电话是四四零七。" + "船只早上八点出发，请提前到达并登记。" * 300)[:4000]
history, document = {"turns": (history, ""), "document": ([], document)}[sys.argv[1]]
answer = "".join(agent.run("值班电话是多少？", history=history, ref_doc=document, append_files=[]))
say({"answer": answer, "sent": sent, "tokens": upstream.server.tokens(sent[0])})
"""


UNANSWERED = """
agent, _ = upstream.module("user_core").init_user_chatbot_agent("author")
try:
    print(*agent.run("Hello", history=[], ref_doc="", append_files=[]))
except Exception as error:
    say({"shown": str(error)})
"""


def said(stack: Stack, code: str, *arguments: str, **settings: str) -> list[dict[str, Any]]:
    """What ``say`` was given in Python code that is run with upstream adapted."""
    output = stack.run(CLIENT + code, *arguments, **settings)
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


@pytest.mark.parametrize(
    "questions",
    [
        ("I want an agent that helps new employees find offices.", "Call it Guide."),
        ('我想做一个回答 VPN 和"密码"问题的助手', "名字改成“小安”"),
    ],
    ids=["en", "zh"],
)
def test_each_message_of_the_create_tab_ends_in_a_configuration(
    stack: Stack, settings: dict[str, str], llm: str, questions: tuple[str, str]
) -> None:
    first, second = said(stack, CREATE, *questions, **settings | {"LLM_URL": llm})
    for answer in first, second:
        assert answer["shown"].strip()
        assert "⚠️" not in answer["shown"]
        for key in ("name", "description", "instruction"):
            assert answer["configured"][key].strip()
        assert all(answer["configured"]["prompt_recommend"])
    assert [len(messages) for messages in second["sent"]] == [2, 4], "the second knows the first"


@pytest.mark.parametrize("long", ["turns", "document"])
def test_a_long_chat_and_a_long_document_fit_into_the_context(
    stack: Stack, settings: dict[str, str], llm: str, long: str
) -> None:
    (answer,) = said(stack, CHAT, long, **settings | {"LLM_URL": llm})
    (messages,) = answer["sent"]
    # The model's context less the answer's part. The server refused a longer prompt.
    assert answer["tokens"] <= 8192 - 1024
    assert answer["answer"]
    if long == "turns":
        assert answer["tokens"] > 6500, "nothing is left out without need"
        assert messages[-2]["content"].startswith("49: ")
    else:
        assert "值班电话是四四零七。" in messages[0]["content"]


def test_a_server_that_is_away_is_told_with_what_to_do(
    stack: Stack, settings: dict[str, str]
) -> None:
    created, chatted = said(stack, CREATE + UNANSWERED, "做一个助手", **settings)
    assert created["configured"] is None
    assert "没有响应" in created["shown"]
    assert "airgap up" in created["shown"]
    assert chatted["shown"].startswith("⚠️ The model server at http://127.0.0.1:")


class _Hung(BaseHTTPRequestHandler):
    """A model server whose engine hangs: it still tells of the model, and then says nothing."""

    def do_GET(self) -> None:
        self._answer({"data": [{"id": MODEL, "max_model_len": 8192}]})

    def do_POST(self) -> None:
        # Who closes a connection with something unread in it breaks it off.
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/tokenize"):
            self._answer({"count": 100})
        else:
            time.sleep(30)

    def _answer(self, body: dict[str, object]) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Nothing: pytest shows what a failing test printed."""


def test_a_server_that_says_nothing_is_told_after_a_while(
    stack: Stack, settings: dict[str, str]
) -> None:
    code = CREATE.replace("core =", "client.timeout.read = 2\ncore =", 1)
    with local_server(_Hung) as address:
        settings["LLM_URL"] = f"{address}/v1"
        (created,) = said(stack, code, "做一个助手", **settings)
    assert created["configured"] is None
    assert "耗时过长" in created["shown"]


class _Killed(_Hung):
    """A model server of which a process is killed while it answers.

    Where it is the engine's, vLLM says so in the stream (here to who chats); else the
    connection ends.
    """

    def do_POST(self) -> None:
        if self.path.endswith("/tokenize"):
            super().do_POST()
            return
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][-1]
        words = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in ("one", "two")]
        events = [json.dumps(word) for word in words]
        if "做一个助手" not in asked["content"]:
            error = {"message": "EngineCore encountered an issue.", "code": 500}
            events += [json.dumps({"error": error}), "[DONE]"]
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            data = f"data: {event}\n\n".encode()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.close_connection = True


def test_what_came_before_the_server_was_killed_stays(
    stack: Stack, settings: dict[str, str]
) -> None:
    with local_server(_Killed) as address:
        settings["LLM_URL"] = f"{address}/v1"
        created, chatted = said(stack, CREATE + UNANSWERED, "做一个助手", **settings)
    assert created["configured"] is None
    assert created["shown"].startswith("onetwo")
    assert "回答中断" in created["shown"]
    told = "onetwo\n\n⚠️ The answer broke off: "
    assert chatted["shown"].startswith(f"{told}EngineCore encountered an issue")
