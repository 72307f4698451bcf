"""Which model the agents use, and which tools are offered."""

import functools
import json
import threading
from typing import Any

from agentfabric_offline.errors import UnexpectedShape
from agentfabric_offline.texts import PAGE
from agentfabric_offline.upstream import Upstream, expect

_LOCAL_TOOLS = frozenset({"code_interpreter"})
"""All others of upstream call a service on the internet."""

SILENT_SECONDS = 300.0
"""How long the model server may send nothing: a CPU reads a full context in a minute or two, and
other answers may come first; after that a visitor wants to be told."""


def offer_the_local_model_alone(upstream: Upstream) -> None:
    """Let both agents use the local model, whatever `builder_config.json` names.

    Upstream's model_config.json names services on the internet. An agent may have been made with a
    model of those or with one that was served here before; without a fallback its page stays empty.
    """
    config_utils = upstream.module("config_utils")
    parse = expect(config_utils, "parse_configuration", "uuid_str")
    save = expect(config_utils, "save_builder_configuration", "builder_cfg", "uuid_str")
    config = expect(config_utils, "Config")
    server = upstream.server

    def parse_configuration(uuid_str: str = "") -> tuple[Any, ...]:
        builder, _, *rest = parse(uuid_str)
        name = server.known or PAGE["zh"]["no model"]
        builder.model = name
        return builder, config({name: _model(server.url, name)}), *rest

    def save_builder_configuration(builder_cfg: dict[str, Any], uuid_str: str = "") -> None:
        # Chosen while the server was not there, the name is that of no model.
        save(builder_cfg | {"model": server.known}, uuid_str)

    config_utils.parse_configuration = parse_configuration
    config_utils.save_builder_configuration = save_builder_configuration


def _model(url: str, name: str) -> dict[str, object]:
    """One entry of model_config.json, as the original guide writes it."""
    return {
        "type": "openai",
        "model": name,
        "api_base": url,
        "is_chat": True,
        "is_function_call": False,
    }


def ask_for_the_model_when_it_is_used(upstream: Upstream) -> None:
    """Give upstream's client the model's name at the time of a request.

    Upstream fixes the name when the page is opened, which may be before the model server tells it.
    """
    client = expect(upstream.module("modelscope_agent.llm.base"), "BaseChatModel")
    expect(client, "__init__", "model", "model_server", "support_fn_call")
    expect(upstream.module("modelscope_agent.llm.openai"), "OpenAi").model = property(
        # Upstream's own assignment has no effect then.
        lambda _: upstream.server.name(),
        lambda _, name: None,
    )


def share_one_client(upstream: Upstream) -> None:
    """Let all agents talk to the model server through one client, which knows the key.

    Upstream makes a client for each agent, 60 ms each time for certificates, and finds a key in
    the model's configuration alone, which it writes into its log.
    """
    module = upstream.module("modelscope_agent.llm.openai")
    client = expect(module, "OpenAI")(
        api_key=upstream.server.api_key,
        base_url=upstream.server.url,
        # Upstream tries again by itself.
        max_retries=0,
        # A connection need not wait for the answers of others.
        timeout=upstream.module("httpx").Timeout(SILENT_SECONDS, connect=5),
    )
    module.OpenAI = lambda api_key, base_url: client


def start_agents_with_what_is_here(upstream: Upstream) -> None:
    """Let a new agent begin with the local model, and without the tool that draws pictures.

    Upstream copies `./config/builder_config.json` for a user who has none yet; it names a model and
    a tool that are services on the internet.
    """
    config_utils = upstream.module("config_utils")
    parse = expect(config_utils, "parse_configuration", "uuid_str")
    template = upstream.scratch / "config" / "builder_config.json"
    builder = json.loads(template.read_text(encoding="utf-8"))
    if not isinstance(builder.get("tools"), dict) or "model" not in builder:
        raise UnexpectedShape(str(template), "`tools` and `model`", ", ".join(builder))
    builder["tools"] = {
        name: tool for name, tool in builder["tools"].items() if name in _LOCAL_TOOLS
    }

    def parse_configuration(uuid_str: str = "") -> Any:
        if builder["model"] != upstream.server.known:
            builder["model"] = upstream.server.known
            # Several visitors may be the first; each finds a whole file.
            new = template.with_name(f"new-{threading.get_ident()}.json")
            new.write_text(json.dumps(builder, indent=2, ensure_ascii=False), encoding="utf-8")
            new.replace(template)
        return parse(uuid_str)

    config_utils.parse_configuration = parse_configuration


def hide_tools_that_need_the_internet(upstream: Upstream) -> None:
    """Make the tools that call services on the internet inactive, wherever they are named.

    Switched on, one that cannot be made (for want of a key or of an answer) leaves the page without
    an agent. Their entries stay, because upstream looks each tool of an agent up in them.
    """
    config_utils = upstream.module("config_utils")
    parse = expect(config_utils, "parse_configuration", "uuid_str")

    def parse_configuration(uuid_str: str = "") -> tuple[Any, ...]:
        builder, models, tools, *rest = parse(uuid_str)
        for entries, off in ((tools, {"is_active": False, "use": False}), (builder.tools, _OFF)):
            for name in entries:
                if name not in _LOCAL_TOOLS:
                    entries[name].update(off)
        return builder, models, tools, *rest

    config_utils.parse_configuration = parse_configuration


_OFF = {"use": False}


def say_which_tools_are_hidden(upstream: Upstream) -> None:
    """Name the tools that are hidden, and why, under the ones that are offered."""
    if upstream.which != "app":
        return
    path = upstream.scratch / "config" / "tool_config.json"
    tools = json.loads(path.read_text(encoding="utf-8"))
    names = [
        tool["name"]
        for key, tool in tools.items()
        if tool.get("is_active") and key not in _LOCAL_TOOLS
    ]
    boxes = expect(upstream.page, "capabilities_checkboxes")
    expect(boxes, "info")
    why = f"{PAGE['zh']['hidden tools']}（{PAGE['en']['hidden tools']}）"
    boxes.info = f"{why}：{'、'.join(names)}"


def say_which_model_answers_instead(upstream: Upstream) -> None:
    """Tell the author of an agent that was made with another model which one answers now."""
    if upstream.which != "app":
        return
    page = upstream.page
    parse = expect(page, "parse_configuration", "uuid_str")
    warn = expect(upstream.module("gradio"), "Warning", "message")
    config_file = expect(upstream.module("config_utils"), "get_user_cfg_file", "uuid_str")

    def parse_configuration(uuid_str: str = "") -> tuple[Any, ...]:
        parsed: tuple[Any, ...] = parse(uuid_str)
        with open(config_file(uuid_str), encoding="utf-8") as file:
            wanted = json.load(file).get("model")
        known = upstream.server.known
        if wanted and known and wanted != known:
            warn(
                " ".join(
                    PAGE[language]["other model"].format(wanted=wanted, known=known)
                    for language in ("zh", "en")
                )
            )
        return parsed

    page.parse_configuration = parse_configuration


def draw_no_logo(upstream: Upstream) -> None:
    """Leave out the step of the Create tab that has a logo drawn by a service on the internet."""
    help_tools = upstream.module("help_tools")
    convert = expect(help_tools, "config_conversion", "generated_config", "save", "uuid_str")

    @functools.wraps(convert)
    def config_conversion(generated_config: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        # The caller draws one if this is still in the same dictionary afterwards.
        generated_config.pop("logo_prompt", None)
        return convert(generated_config, *args, **kwargs)

    help_tools.config_conversion = config_conversion
