"""What is wrong with a formula, and where."""

from __future__ import annotations

from ladera.base import UsageError

__all__ = ["FormulaError"]


class FormulaError(UsageError):
    """A text that is no formula.

    The fields hold `text`, the whole formula, and `at`, the place in it counted from 1.
    """

    @property
    def position(self) -> int:
        """The place in the text, counted from 0; the length of the text if it ends too soon."""
        return int(str(self.fields["at"])) - 1

    @property
    def marked(self) -> str:
        """The text, and below it a caret under the place."""
        text = "".join(" " if c.isspace() else c for c in str(self.fields["text"]))
        return f"{text}\n{' ' * self.position}^"
