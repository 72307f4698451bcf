"""OpenAPI plugins: each author's own, read without any fetching, with errors that can be read."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from agentfabric_offline.adaptations.events import before_event
from agentfabric_offline.errors import Problem, first_line
from agentfabric_offline.openapi import Auth, tools_of
from agentfabric_offline.upstream import Upstream, expect

_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 30
MOST_OF_AN_ANSWER = 8000
"""Characters of a service's answer that the model is given."""


def keep_plugins_to_their_agent(upstream: Upstream) -> None:
    """Give a plugin's tools to the agent that has them, and to no other.

    Upstream puts them into the one register of all tools: an author could replace another's, or
    the code interpreter, by giving a tool the same name.
    """
    user_core = upstream.module("user_core")
    expect(user_core, "add_openapi_plugin_to_additional_tool", "plugin_cfgs", "function_list")
    tool = expect(user_core, "OpenAPIPluginTool")
    agent = upstream.module("modelscope_agent.agent").Agent
    register = expect(agent, "_register_tool", "tool")

    def add(plugin_cfgs: Any, function_list: list[Any]) -> list[Any]:
        function_list += [tool(name=name, cfg=plugin_cfgs) for name in plugin_cfgs or {}]
        return function_list

    def register_tool(self: Any, each: Any) -> None:
        if isinstance(each, tool):
            self.function_list.append(each.name)
            self.function_map[each.name] = each
        else:
            register(self, each)

    user_core.add_openapi_plugin_to_additional_tool = add
    agent._register_tool = register_tool


def read_schemas_as_they_are_written(upstream: Upstream) -> None:
    """Read schemas as common programs write them, and fetch nothing.

    Upstream's reader drops a whole plugin for one operation that is not GET or POST, for a body
    that is written where it is used, for a parameter without a description, and fetches a `$ref`
    that leads elsewhere. What it raises is not seen by the author.
    """
    config_utils = upstream.module("config_utils")
    expect(config_utils, "openapi_schema_convert", "schema", "auth")

    def convert(schema: Any, auth: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        # From ModelScope's own kind of dict to a plain one.
        return tools_of(json.loads(json.dumps(schema)), _auth(auth))[0]

    config_utils.openapi_schema_convert = convert


def _auth(auth: Mapping[str, Any]) -> Auth:
    # The form's choice of its one type is empty until it is clicked.
    return Auth(str(auth.get("apikey") or ""), str(auth.get("apikey_type") or "Bearer"))


def check_plugins_when_they_are_saved(upstream: Upstream) -> None:
    """Say on the page why a schema cannot be used; upstream logs that, and has no tool then."""
    if upstream.which != "app":
        return
    warn = expect(upstream.module("gradio"), "Warning", "message")
    yaml = upstream.module("yaml")

    def check(arguments: dict[str, Any]) -> None:
        text = (arguments["openapi_schema"] or "").strip()
        if not text:
            return
        try:
            schema = yaml.safe_load(text)  # JSON is YAML too.
        except yaml.YAMLError as error:
            raise Problem("plugin text", why=" ".join(str(error).split())) from error
        if schema == {}:  # That removes a plugin.
            return
        tools, left_out = tools_of(schema, Auth(""))
        if not tools:
            raise Problem("plugin shape", what="`paths`")
        if left_out:
            warn(str(Problem("plugin left out", operations=", ".join(left_out))))

    before_event(upstream, "process_configuration", "openapi_schema", action=check)


def call_services_with_a_limit(upstream: Upstream) -> None:
    """Call a plugin's service so that the author learns what went wrong, and within a time.

    Upstream waits for ever for a service behind a wall, fails with an AttributeError where there
    is none, and puts no parameter into the address of a POST.
    """
    module = upstream.module("modelscope_agent.tools.openapi_plugin")
    tool = expect(module, "OpenAPIPluginTool")
    expect(tool, "call", "params", "kwargs")
    expect(tool, "_verify_args", "params")
    requests = expect(module, "requests")

    def call(self: Any, params: str, **_: Any) -> str:
        given = self._verify_args(params)
        if not isinstance(given, dict):
            names = ", ".join(each["name"] for each in self.parameters) or "{}"
            return str(Problem("plugin arguments", tool=self.name, names=names))
        url, query, body = request_of(self.url, self.parameters, given)
        try:
            answer = requests.request(
                self.method,
                url,
                params=query,
                json=body if self.method == "POST" else None,
                headers=dict(self.header),
                timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS),
            )
        except requests.exceptions.RequestException as error:
            host = urlsplit(url).netloc
            return str(Problem("plugin unreachable", host=host, why=first_line(error)))
        text: str = answer.text[:MOST_OF_AN_ANSWER]
        if not answer.ok:
            status = f"{answer.status_code} {answer.reason}"
            return str(Problem("plugin refused", url=url, status=status, text=text[:500]))
        return text

    tool.call = call


def request_of(
    url: str, parameters: list[dict[str, Any]], given: Mapping[str, Any]
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The address, the query and the body of a call with the arguments ``given``, by name."""
    query: dict[str, Any] = {}
    body: dict[str, Any] = {}
    for parameter in parameters:
        name = parameter["name"]
        if name not in given:
            continue
        if parameter["in"] == "path":
            url = url.replace(f"{{{name}}}", quote(str(given[name]), safe=""))
        elif parameter["in"] == "query":
            query[name] = given[name]
        else:
            *outer, last = parameter["keys"]
            into = body
            for key in outer:
                into = into.setdefault(key, {})
            into[last] = given[name]
    return url, query, body
