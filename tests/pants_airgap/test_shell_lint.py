"""Which files `./pants lint` shows shellcheck."""

from __future__ import annotations

import pytest

from pants_airgap.shell_lint import is_shell


@pytest.mark.parametrize(
    ("path", "content", "shell"),
    [
        ("src/host/lib/parts.sh", b"", True),
        (".ci/run", b"#!/usr/bin/env bash\n", True),
        ("src/host/airgap", b"#!/bin/sh\n", True),
        (".pants.bootstrap", b"# shellcheck shell=bash\n", True),
        ("tool", b"#!/usr/bin/env python3\n", False),
        ("LICENSE", b"Apache License\n", False),
        ("docs/operator.md", b"```sh\n", False),
    ],
)
def test_shell_programs_are_known_by_name_or_first_line(
    path: str, content: bytes, shell: bool
) -> None:
    assert is_shell(path, content) is shell
