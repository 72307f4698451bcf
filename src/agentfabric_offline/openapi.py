"""What an OpenAPI 3 schema offers, as upstream's plugin tool takes it.

A tool's entry has upstream's keys (`name`, `description`, `is_active`, `is_remote_tool`, `url`,
`method`, `parameters`, `header`). Each parameter has besides `in` (`path`, `query` or `body`) and
`keys`, where in the body it goes: objects in objects are flattened to names like `address.city`.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from agentfabric_offline.errors import Problem

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_USED = ("get", "post")
_JSON = "application/json"
_DEEPEST = 8


@dataclass(frozen=True)
class Auth:
    """The key that the author filled in; empty where there is none."""

    key: str
    kind: str = "Bearer"


def tools_of(schema: Any, auth: Auth) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The tools of a schema by name, and the operations that cannot be tools.

    Nothing is fetched: a `$ref` that leads out of the schema is refused.

    Raises:
        Problem: If it is no such schema.
    """
    if not isinstance(schema, dict) or not isinstance(schema.get("paths"), dict):
        raise Problem("plugin shape", what="`paths`")
    if not schema["paths"]:
        return {}, []
    url = _server(schema)
    about = str(_mapping(schema.get("info")).get("description") or "")
    tools: dict[str, dict[str, Any]] = {}
    left_out = []
    for path, method, operation in _operations(schema):
        here = f"{method.upper()} {path}"
        parameters = list(_parameters(schema, operation)) if method in _USED else None
        if parameters is None or any(each["in"] == "none" for each in parameters):
            left_out.append(here)
            continue
        name = _name(operation, here, tools)
        tools[name] = {
            "name": str(operation.get("operationId") or name),
            "description": " ".join(
                filter(None, (about, str(operation.get("description") or name)))
            ),
            "is_active": True,
            "is_remote_tool": True,
            "url": url + path,
            "method": method.upper(),
            "parameters": parameters,
            "header": _header(schema, operation, auth),
        }
    return tools, left_out


def _server(schema: Mapping[str, Any]) -> str:
    servers = schema.get("servers")
    server = _mapping(servers[0]) if isinstance(servers, list) and servers else {}
    url = str(server.get("url") or "")
    for name, variable in _mapping(server.get("variables")).items():
        url = url.replace(f"{{{name}}}", str(_mapping(variable).get("default", "")))
    try:
        parts = urlsplit(url)
        absolute = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        absolute = None
    if not absolute:
        raise Problem("plugin server", url=url)
    return url.rstrip("/")


def _operations(
    schema: Mapping[str, Any],
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in schema["paths"].items():
        item = _resolved(schema, item)
        shared = item.get("parameters") or []
        for method in _METHODS:
            if isinstance(operation := item.get(method), dict):
                own = operation.get("parameters") or []
                yield str(path), method, {**operation, "parameters": [*shared, *own]}


def _name(operation: Mapping[str, Any], here: str, taken: Mapping[str, Any]) -> str:
    """The summary, as upstream has it, or what else tells the operation from others."""
    names = (operation.get("summary"), operation.get("operationId"), here)
    for name in filter(None, names):
        name = "_".join(str(name).split())
        if name not in taken:
            return name
    return next(each for n in itertools.count(2) if (each := f"{here}_{n}") not in taken)


def _parameters(
    schema: Mapping[str, Any], operation: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for parameter in operation["parameters"]:
        parameter = _resolved(schema, parameter)
        where = parameter.get("in")
        if where not in ("path", "query"):
            if parameter.get("required"):
                yield {"in": "none"}
            continue
        kind = _resolved(schema, parameter.get("schema"))
        described = {**kind, "description": parameter.get("description")}
        required = bool(parameter.get("required"))
        yield _parameter(where, [str(parameter.get("name"))], described, required)
    body = _resolved(schema, operation.get("requestBody"))
    if not body:
        return
    content = _mapping(_mapping(body.get("content")).get(_JSON))
    value = _resolved(schema, content.get("schema"))
    if not content or _type(value) != "object":
        yield {"in": "none"}
        return
    yield from _body(schema, value, [])


def _body(
    schema: Mapping[str, Any], value: Mapping[str, Any], keys: list[str]
) -> Iterator[dict[str, Any]]:
    required = value.get("required") or ()
    for key, each in _mapping(value.get("properties")).items():
        each = _resolved(schema, each)
        path = [*keys, str(key)]
        if _type(each) == "object" and each.get("properties") and len(path) < _DEEPEST:
            yield from _body(schema, each, path)
        else:
            yield _parameter("body", path, each, key in required)


def _parameter(
    where: str, keys: list[str], kind: Mapping[str, Any], required: bool
) -> dict[str, Any]:
    name = ".".join(keys)
    return {
        "name": name,
        "in": where,
        "keys": keys,
        "type": _type(kind),
        "description": str(kind.get("description") or name),
        "required": required,
        "enum": kind.get("enum") or "",
    }


def _type(kind: Mapping[str, Any]) -> str:
    given = kind.get("type")
    if isinstance(given, list):  # OpenAPI 3.1
        given = next((each for each in given if each != "null"), None)
    if given:
        return str(given)
    return "object" if "properties" in kind else "string"


def _resolved(schema: Mapping[str, Any], node: Any) -> dict[str, Any]:
    """``node`` with what its `$ref`, `allOf`, `anyOf` or `oneOf` says; of choices the first."""
    for _ in range(_DEEPEST):
        node = _mapping(node)
        if "$ref" in node:
            node = _target(schema, str(node["$ref"]))
        elif "allOf" in node:
            node = _merged(schema, node)
        elif choices := node.get("anyOf") or node.get("oneOf"):
            rest = {key: each for key, each in node.items() if key not in ("anyOf", "oneOf")}
            real = [_resolved(schema, each) for each in choices if each != {"type": "null"}]
            node = {**(real[0] if real else {}), **rest}
        else:
            return dict(node)
    raise Problem("plugin shape", what="`$ref`")


def _merged(schema: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
    merged = {key: each for key, each in node.items() if key != "allOf"}
    for part in node["allOf"]:
        part = _resolved(schema, part)
        merged["properties"] = {
            **_mapping(merged.get("properties")),
            **_mapping(part.get("properties")),
        }
        merged["required"] = [*(merged.get("required") or ()), *(part.get("required") or ())]
        merged = {**part, **merged}
    return merged


def _target(schema: Mapping[str, Any], reference: str) -> Any:
    if not reference.startswith("#/"):
        raise Problem("plugin reference", reference=reference)
    node: Any = schema
    for key in reference[2:].split("/"):
        node = _mapping(node).get(key.replace("~1", "/").replace("~0", "~"))  # RFC 6901
    if not isinstance(node, dict):
        raise Problem("plugin reference", reference=reference)
    return node


def _header(schema: Mapping[str, Any], operation: Mapping[str, Any], auth: Auth) -> dict[str, str]:
    header = {"Authorization": f"{auth.kind} {auth.key}"} if auth.key else {}
    asked = operation.get("security", schema.get("security"))
    schemes = _mapping(_mapping(schema.get("components")).get("securitySchemes"))
    for name in {name for each in asked or () for name in _mapping(each)}:
        scheme = _resolved(schema, schemes.get(name))
        if auth.key and scheme.get("type") == "apiKey" and scheme.get("in") == "header":
            header = {str(scheme.get("name")): auth.key}
    return header


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
