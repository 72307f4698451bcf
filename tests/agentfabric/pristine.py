"""Starts a page of upstream as the original guide does: its edits, and a state folder of its own.

Usage: pristine.py PAGE SOURCE STATE EMBEDDING, in an empty folder; PAGE is app.py or appBot.py.
"""

import importlib
import json
import os
import runpy
import shutil
import sys
from typing import Any

page, source, state, embedding = sys.argv[1:]
app = os.path.join(source, "apps", "agentfabric")
sys.path[:0] = [source, app]
for name in ("config", "assets"):
    shutil.copytree(os.path.join(app, name), name, copy_function=shutil.copyfile)

MODEL = "smollm2-135m-instruct"
with open("config/model_config.json", "w") as file:
    address = "http://127.0.0.1:9/v1"
    model = {"type": "openai", "model": MODEL, "api_base": address, "is_chat": True}
    json.dump({MODEL: model | {"is_function_call": False}}, file)
with open("config/tool_config.json") as file:
    tools = json.load(file)
with open("config/tool_config.json", "w") as file:
    # Those that are in use ask for keys of services.
    json.dump({name: tool | {"use": False} for name, tool in tools.items()}, file)
with open("config/builder_config.json") as file:
    config = json.load(file)
with open("config/builder_config.json", "w") as file:
    json.dump(config | {"model": MODEL, "tools": {}}, file)

config_utils = importlib.import_module("config_utils")
embeddings: Any = importlib.import_module("langchain_community.embeddings")
for name, value in vars(config_utils).items():
    if name.startswith("DEFAULT_") and value.startswith("/tmp/agentfabric"):
        setattr(config_utils, name, value.replace("/tmp/agentfabric", state))
original = embeddings.ModelScopeEmbeddings
embeddings.ModelScopeEmbeddings = lambda model_id: original(model_id=embedding)
runpy.run_path(os.path.join(app, page), run_name="__main__")
