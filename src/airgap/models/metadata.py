"""The key-value part of a GGUF file, read with errors that say which key is at fault.

Keys and their meaning: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from airgap.errors import AirgapError

T = TypeVar("T")


class Metadata:
    """The keys and values of one GGUF file, as Python's own types."""

    def __init__(self, file: str, values: Mapping[str, Any]) -> None:
        """``file`` is the file's name as the user knows it."""
        self.file = file
        self._values = values

    def get(self, key: str, kind: type[T]) -> T:
        """The value of a key that must be there.

        Raises:
            AirgapError: The key is missing or its value is of another type.
        """
        value = self._values.get(key)
        if not isinstance(value, kind):
            raise AirgapError(
                "reading the model file",
                self.file,
                expected=f"the key `{key}` with a value of type {kind.__name__}",
                found="no such key" if value is None else f"a {type(value).__name__}",
                remedy="the file is damaged or too old; take a newer conversion of the model",
            )
        return value

    def with_prefix(self, prefix: str) -> frozenset[str]:
        """The keys that start with ``prefix``, without it."""
        return frozenset(key.removeprefix(prefix) for key in self._values if key.startswith(prefix))

    def refuse(self, subject: str, *, expected: str, found: str) -> AirgapError:
        """The error for a file that is sound but of a kind that is not converted here."""
        return AirgapError(
            "converting",
            f"{subject} of {self.file}",
            expected=expected,
            found=found,
            remedy="use a model that is published as safetensors; it needs no conversion",
        )
