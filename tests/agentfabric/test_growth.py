"""What chats leave behind is bounded: nothing on the disk, the latest turns in memory."""

from pathlib import Path

from tests.agentfabric.stack import PRELUDE, Stack

CHAT = (
    PRELUDE
    + """
from agentfabric_offline.adaptations.users import visited_by
from modelscope_agent.schemas import Message

core = upstream.module("user_core")
with visited_by({"airgap.user": "author", "airgap.session": "1"}):
    _, memory = core.init_user_chatbot_agent("author")
memory.update_history(Message(role="system", content="instructions"))
for turn in range(1000):
    turns = [Message(role=role, content=f"{turn}") for role in ("user", "assistant")]
    memory.update_history(turns)
kept = memory.get_history()
print(len(kept), kept[0]["content"], kept[1]["content"], kept[-1]["content"])
"""
)


def test_a_chat_of_a_thousand_turns_is_bounded_in_memory_and_on_no_disk(
    stack: Stack, settings: dict[str, str]
) -> None:
    assert "401 instructions 800 999" in stack.run(CHAT, **settings).splitlines()
    state = Path(settings["STATE_DIR"])
    assert not [path for path in state.rglob("*") if path.is_file() and "history" in path.parts]
