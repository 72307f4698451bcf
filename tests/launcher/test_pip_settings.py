"""What Pants is told of the machine's package index is what pip's configuration says."""

import ast
import importlib.util
import shlex
from pathlib import Path

import pytest

from tests.launcher.conftest import PYTHON, Machine

A, B = "http://a/simple", "http://b/simple"


@pytest.mark.parametrize(
    ("config", "environment", "indexes"),
    [
        ({}, {}, None),
        ({"index-url": A}, {}, [A]),
        # The + adds to Pants' own default, which is pip's.
        ({"extra-index-url": f"{A}\n  {B}"}, {}, ("+", [A, B])),
        ({"index-url": A}, {"PIP_EXTRA_INDEX_URL": B}, [A, B]),
        ({"index-url": A}, {"PIP_INDEX_URL": B}, [B]),
        ({"index-url": A, "no-index": "true"}, {}, []),
        ({"index-url": A}, {"PANTS_PYTHON_REPOS_INDEXES": f"['{B}']"}, [B]),
    ],
)
def test_indexes(
    machine: Machine, config: dict[str, str], environment: dict[str, str], indexes: object
) -> None:
    told = settings(machine, config, environment).get("PANTS_PYTHON_REPOS_INDEXES")
    if told is not None and told.startswith("+"):
        assert ("+", ast.literal_eval(told[1:])) == indexes
    else:
        assert (told and ast.literal_eval(told)) == indexes


@pytest.mark.parametrize(
    ("config", "environment", "folders"),
    [
        ({}, {}, []),
        ({"find-links": "/one\n  /two"}, {}, ["/one", "/two"]),
        ({"find-links": "/one"}, {"PIP_FIND_LINKS": "/two /three"}, ["/two", "/three"]),
    ],
)
def test_find_links(
    machine: Machine, config: dict[str, str], environment: dict[str, str], folders: list[str]
) -> None:
    told = settings(machine, config, environment)
    assert ast.literal_eval(told["PANTS_PYTHON_REPOS_FIND_LINKS"]) == folders


def test_certificates(machine: Machine) -> None:
    assert settings(machine, {"cert": "/a b/ca.pem"}, {})["PANTS_CA_CERTS_PATH"] == "/a b/ca.pem"
    assert "PANTS_CA_CERTS_PATH" not in settings(machine, {}, {})


def settings(
    machine: Machine, config: dict[str, str], environment: dict[str, str]
) -> dict[str, str]:
    """The variables for Pants where pip has this configuration file and this environment."""
    options = ("index-url", "extra-index-url", "find-links", "no-index", "cert")
    # The user's file, which goes before the machine's whatever that says.
    file = machine.home / ".config/pip/pip.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("[global]\n" + "".join(f"{o} = {config.get(o, '')}\n" for o in options))
    exports = "".join(f"export {k}={shlex.quote(v)}; " for k, v in environment.items())
    ended = machine.run(
        machine.call(
            f"unset PIP_CONFIG_FILE PIP_NO_INDEX PIP_FIND_LINKS; {exports}"
            f"pants_pip_settings {venv_with_pip(machine.home)}; exec env"
        )
    )
    assert ended.returncode == 0, ended.stderr
    lines = (line.split("=", 1) for line in ended.stdout.splitlines())
    return {name: value for name, value in lines if name.startswith("PANTS_")}


def venv_with_pip(folder: Path) -> Path:
    """What looks like a venv to the launcher, with the pip of this test."""
    found = importlib.util.find_spec("pip")
    assert found is not None and found.origin is not None
    program = folder / "venv/bin/python"
    program.parent.mkdir(parents=True, exist_ok=True)
    packages = Path(found.origin).parents[1]
    program.write_text(f'#!/bin/sh\nPYTHONPATH={packages} exec {PYTHON} "$@"\n')
    program.chmod(0o755)
    return folder / "venv"
