"""Knowledge with upstream's real readers, the real embedding model and real documents."""

import json
import shutil
from pathlib import Path

from tests.agentfabric.stack import PRELUDE, Stack

MEMORY = (
    PRELUDE
    + """
Memory = upstream.module("modelscope_agent.memory").MemoryWithRetrievalKnowledge
agent = settings.state_dir / "config" / "author"


def learn(*names):
    memory = Memory(storage_path=str(agent), name="memory", use_knowledge_cache=False)
    memory.run(query=None, url=json.dumps([str(agent / name) for name in names]))
    return memory


def passages(memory):
    return sorted(memory.store_knowledge.vs.docstore._dict.values(), key=str)

"""
)
DOCUMENTS = """
from pptx import Presentation
import zipfile

agent.mkdir(parents=True)
(agent / "a.txt").write_bytes("仓库的负责人是李雷。".encode("gbk"))
(agent / "b.md").write_text("# Printer\\n\\nThe printer is on floor 3.")
slides = Presentation()
slide = slides.slides.add_slide(slides.slide_layouts[1])
slide.placeholders[1].text = "The budget is 12 million."
slides.save(agent / "c.pptx")
word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
with zipfile.ZipFile(agent / "d.docx", "w") as file:
    text = "<w:p><w:r><w:t>A hotel costs 400 a night.</w:t></w:r></w:p>"
    document = f'<w:document xmlns:w="{word}"><w:body>{text}</w:body></w:document>'
    file.writestr("word/document.xml", document)
import matplotlib.pyplot as plt
figure = plt.figure()
figure.text(0.1, 0.5, "Assemble at gate 5.")
figure.savefig(agent / "e.pdf")
"""


def test_all_five_kinds_are_read_and_found(stack: Stack, settings: dict[str, str]) -> None:
    code = (
        MEMORY
        + DOCUMENTS
        + (
            "memory = learn('a.txt', 'b.md', 'c.pptx', 'd.docx', 'e.pdf')\n"
            "texts = [each.page_content for each in passages(memory)]\n"
            "found = [memory.run(query=each, top_k=1) for each in ('Where is the printer?',"
            " 'What is the budget?', 'What does a hotel cost?', 'Where to assemble?')]\n"
            "print(json.dumps([texts, found]))\n"
        )
    )
    texts, found = json.loads(stack.run(code, **settings).splitlines()[-1])

    assert len(texts) == 5
    assert "仓库的负责人是李雷。" in texts
    for answer, words in zip(found, ("floor 3", "12 million", "400", "gate 5"), strict=True):
        assert words in answer


def test_a_restart_embeds_nothing_anew_until_the_model_changes(
    stack: Stack, settings: dict[str, str], tmp_path: Path
) -> None:
    code = MEMORY + (
        "shared = Memory().store_knowledge.embedding\n"
        "embedded = []\n"
        "embed = shared.embed_documents\n"
        "shared.embed_documents = lambda texts: embedded.append(texts) or embed(texts)\n"
        "agent.mkdir(parents=True, exist_ok=True)\n"
        "(agent / 'a.txt').write_text('The printer is on floor 3.')\n"
        "learn('a.txt'); learn('a.txt')\n"
        "print(len(embedded))\n"
    )
    model = tmp_path / "model"
    shutil.copytree(settings["EMBEDDING_DIR"], model)
    settings["EMBEDDING_DIR"] = str(model)

    assert stack.run(code, **settings).split()[-1] == "1"
    assert stack.run(code, **settings).split()[-1] == "0"
    (model / "another-file").touch()
    assert stack.run(code, **settings).split()[-1] == "1"
