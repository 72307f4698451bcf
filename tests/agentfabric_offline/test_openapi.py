from typing import Any

import pytest

from agentfabric_offline.errors import Problem
from agentfabric_offline.openapi import Auth, tools_of

NO_KEY = Auth("")


def schema(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "openapi": "3.0.0",
        "info": {"title": "Stock", "description": "The stock."},
        "servers": [{"url": "http://stock.intranet:8080/"}],
        "paths": paths,
        **more,
    }


def only(given: dict[str, Any], auth: Auth = NO_KEY) -> dict[str, Any]:
    tools, left_out = tools_of(given, auth)
    assert not left_out
    (tool,) = tools.values()
    return tool


def places(tool: dict[str, Any]) -> dict[str, tuple[str, str, bool]]:
    parameters = tool["parameters"]
    return {each["name"]: (each["in"], each["type"], each["required"]) for each in parameters}


def test_a_get_becomes_a_tool_of_upstreams_shape() -> None:
    item = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    tools, _ = tools_of(
        schema({"/items/{id}": {"get": {"summary": "Get item", "parameters": [item]}}}), NO_KEY
    )

    assert list(tools) == ["Get_item"]
    tool = tools["Get_item"]
    assert tool["url"] == "http://stock.intranet:8080/items/{id}"
    assert tool["method"] == "GET"
    assert tool["is_active"] and tool["is_remote_tool"]
    assert places(tool) == {"id": ("path", "integer", True)}
    # Upstream's tool fails without one.
    assert all(each["description"] for each in tool["parameters"])


def body(value: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": value}}}


def test_a_body_may_be_written_where_it_is_used() -> None:
    value = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    tool = only(schema({"/items": {"post": {"requestBody": body(value)}}}))

    assert places(tool) == {"n": ("body", "integer", True)}


def test_references_within_the_schema_are_followed() -> None:
    components = {
        "schemas": {
            "Item": {"properties": {"to": {"$ref": "#/components/schemas/Address"}}},
            "Address": {"properties": {"city": {"type": "string"}}},
        }
    }
    paths = {"/items": {"post": {"requestBody": body({"$ref": "#/components/schemas/Item"})}}}
    tool = only(schema(paths, components=components))

    assert places(tool) == {"to.city": ("body", "string", False)}
    assert tool["parameters"][0]["keys"] == ["to", "city"]


def test_a_type_that_refers_to_itself_ends() -> None:
    node = {"properties": {"child": {"$ref": "#/components/schemas/Node"}}}
    paths = {"/tree": {"post": {"requestBody": body({"$ref": "#/components/schemas/Node"})}}}

    assert only(schema(paths, components={"schemas": {"Node": node}}))["parameters"]


def test_optional_fields_as_fastapi_writes_them_have_a_type() -> None:
    kind = {"anyOf": [{"type": "integer"}, {"type": "null"}], "title": "N"}
    parameter = {"name": "n", "in": "query", "schema": kind}
    tool = only(schema({"/items": {"get": {"parameters": [parameter]}}}))

    assert places(tool) == {"n": ("query", "integer", False)}


@pytest.mark.parametrize(
    "reference", ["http://elsewhere/x.json", "file:///etc/passwd", "other.yaml#/a", "#/missing"]
)
def test_nothing_outside_the_schema_is_referred_to(reference: str) -> None:
    paths = {"/items": {"post": {"requestBody": body({"$ref": reference})}}}
    with pytest.raises(Problem) as caught:
        tools_of(schema(paths), NO_KEY)
    assert caught.value.key == "plugin reference"
    assert reference in str(caught.value)


@pytest.mark.parametrize("servers", [None, [], [{"url": "/api"}], [{"url": "file:///etc"}]])
def test_a_schema_without_an_address_says_what_to_write(servers: Any) -> None:
    with pytest.raises(Problem, match="servers: "):
        tools_of({**schema({"/a": {"get": {}}}), "servers": servers}, NO_KEY)


def test_other_operations_are_left_out_and_named() -> None:
    form: dict[str, Any] = {"content": {"multipart/form-data": {"schema": {}}}}
    paths = {"/items": {"get": {"summary": "List"}, "delete": {}, "post": {"requestBody": form}}}
    tools, left_out = tools_of(schema(paths), NO_KEY)

    assert list(tools) == ["List"]
    assert sorted(left_out) == ["DELETE /items", "POST /items"]


def test_operations_of_one_summary_are_all_kept() -> None:
    paths = {f"/{name}": {"get": {"summary": "Get", "operationId": name}} for name in "ab"}

    assert list(tools_of(schema(paths), NO_KEY)[0]) == ["Get", "b"]


def test_the_key_goes_where_the_schema_says() -> None:
    paths: dict[str, Any] = {"/items": {"get": {"security": [{"Key": []}]}}}
    components = {"securitySchemes": {"Key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}

    assert only(schema(paths), Auth("k"))["header"] == {"Authorization": "Bearer k"}
    assert only(schema(paths, components=components), Auth("k"))["header"] == {"X-Key": "k"}
    assert only(schema(paths, components=components))["header"] == {}


@pytest.mark.parametrize("given", [None, [], "text", {}, {"paths": []}])
def test_what_is_no_schema_is_refused(given: Any) -> None:
    with pytest.raises(Problem):
        tools_of(given, NO_KEY)
