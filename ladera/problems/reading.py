"""How sequences are read out of data: windows of a series, words of a text, tokens."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from ladera.base import UsageError, whole_number

__all__ = ["NOTHING", "Reading"]

_LARGEST = 1_000_000
_MOST_WORDS = 1 << 24  # whole numbers up to it are exact in float32


@dataclass(frozen=True)
class Reading:
    """What a problem asks of data whose order counts; by default nothing: rows and images.

    window, horizon: rows that an example sees of a series, and rows after them that it answers.
    text: the column of text that is split into words. vocabulary: tokens that are told apart.
    tokens: whether whole numbers name tokens. steps: how many of them an example has.

    Raises UsageError for numbers out of their domain, and for what does not go together.
    """

    window: int | None = None
    horizon: int = 1
    text: str | None = None
    vocabulary: int = 10_000
    tokens: bool = False
    steps: int | None = None

    def __post_init__(self):
        for name, least, most in (
            ("window", 1, _LARGEST),
            ("horizon", 1, _LARGEST),
            ("steps", 1, _LARGEST),
            ("vocabulary", 3, _MOST_WORDS),
        ):
            value = getattr(self, name)
            if value is None and getattr(Reading, name) is None:
                continue
            object.__setattr__(self, name, whole_number(name, value, least, most))
        asked = [
            name for name in ("window", "text", "tokens") if getattr(self, name) != getattr(Reading, name)
        ]
        if len(asked) > 1:
            raise UsageError(
                "Data are windows of a series, text or tokens, received together: {received}; keep one of "
                "them.",
                received=", ".join(asked),
            )
        self._needs("vocabulary", self.text is not None, "text")
        if self.steps is not None and self.text is None and not self.tokens:
            raise UsageError(
                "steps goes with text or tokens, received steps {received} without them; add one of them, or "
                "leave steps out.",
                received=self.steps,
            )

    def _needs(self, name: str, fulfilled: bool, other: str) -> None:
        if getattr(self, name) != getattr(Reading, name) and not fulfilled:
            raise UsageError(
                "{name} goes with {other}, received {name} {received} without it; add {other}, or leave "
                "{name} out.",
                name=name,
                received=getattr(self, name),
                other=other,
            )

    def of_series(self, window: int | None) -> Reading:
        """With the window that a series has by itself, where none is asked for.

        Raises UsageError: a horizon for data that are no series.
        """
        if self.window is None and window is not None and self.asked.keys() <= {"horizon"}:
            return replace(self, window=window)
        self._needs("horizon", self.window is not None, "window")
        return self

    @property
    def asked(self) -> dict[str, Any]:
        """What is not by default, as values that JSON and TOML can hold."""
        return {
            f.name: value
            for f in fields(self)
            if (value := getattr(self, f.name)) != getattr(Reading, f.name)
        }

    @property
    def said(self) -> dict[str, Any]:
        """What a study says of it: a window always with its horizon, text with its vocabulary."""
        more = {"horizon": self.horizon} if self.window else {}
        return {**self.asked, **more, **({"vocabulary": self.vocabulary} if self.text else {})}


NOTHING = Reading()
