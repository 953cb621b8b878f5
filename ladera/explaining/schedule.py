"""What a schedule is, from its class alone: formula, hyperparameters, paper, and a training drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from ladera.explaining.docstrings import meanings
from ladera.explaining.explained import Explained, Hyperparameter
from ladera.explaining.page import domain_words, table
from ladera.explaining.typeset import aligned
from ladera.locale import N_
from ladera.report.style import styles
from ladera.schedules import Plateau, Schedule

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["EPOCHS", "LETTERS", "STEPS_PER_EPOCH", "ScheduleExplanation"]

EPOCHS, STEPS_PER_EPOCH = 20, 50  # of the training that is drawn
LETTERS = N_(
    "t = 0, 1, ... counts the steps done before, n is how many steps the training has, s how many an epoch. "
    "The hyperparameter's own value is multiplied by f[t]."
)
LETTERS_OF_LOSSES = N_(
    "e = 0, 1, ... counts the epochs, L[e] is the validation loss after epoch e. The learning rate of epoch "
    "e is its own value times f[e], which begins at 1. b is the loss of the last epoch with w = 0, ∞ before "
    "there is one; after a cut w counts from 0 again. It is drawn beside a validation loss that was made up."
)
_FONT = {"family": "DejaVu Sans, Arial, sans-serif", "size": 13}


@dataclass(frozen=True)
class ScheduleExplanation(Explained):
    """A schedule explained; `schedule` is one with its values, as it was asked for."""

    schedule: Schedule
    lang: str
    kind: ClassVar[Literal["schedule"]] = "schedule"

    @property
    def method(self) -> Schedule:
        return self.schedule

    @property
    def name(self) -> str:
        return self.schedule.name()

    def formula_text(self) -> str:
        return self.schedule.formula

    def latex(self) -> str:
        return aligned(self.schedule.formula)

    @property
    def hyperparameters(self) -> list[Hyperparameter]:
        said, domains = meanings(type(self.schedule)), self.schedule.domains()
        return [
            Hyperparameter(name, name, str(domain), getattr(self.schedule, name), self._(said[name]))
            for name, domain in domains.items()
        ]

    @property
    def along(self) -> str:
        """What moves beside the learning rate, or is looked at; "" where nothing is."""
        return self._("validation loss") if self.schedule.reacts else ", ".join(self.schedule.companions)

    @property
    def letters(self) -> str:
        """What the letters of its formula are."""
        return self._(LETTERS_OF_LOSSES if self.schedule.reacts else LETTERS)

    def points(self, epochs: int = EPOCHS, steps_per_epoch: int = STEPS_PER_EPOCH) -> tuple[Any, Any, Any]:
        """Of a training: epochs [n] since the start, factors [n], and those of what moves along or None;
        where it follows the losses, losses that fall for a fifth of the training and no longer."""
        n = epochs * steps_per_epoch
        if isinstance(self.schedule, Plateau):
            losses = 1 - 0.8 * np.minimum(np.arange(epochs) / (0.2 * epochs), 1)
            factors = np.repeat(self.schedule.follow(losses), steps_per_epoch)
            return np.arange(n) / steps_per_epoch, factors, np.repeat(losses, steps_per_epoch)
        beside = self.schedule.companion_factors(n, steps_per_epoch) if self.along else None
        return np.arange(n) / steps_per_epoch, self.schedule.factors(n, steps_per_epoch), beside

    def figure(self, epochs: int = EPOCHS, steps_per_epoch: int = STEPS_PER_EPOCH) -> go.Figure:
        """The factor over a training, as a Plotly figure."""
        import plotly.graph_objects as go

        at, factors, beside = self.points(epochs, steps_per_epoch)
        lines = {"lr": factors} | ({self.along: beside} if beside is not None else {})
        looks, shown = styles(lines), go.Figure()
        for name, values in lines.items():
            # A step keeps its value until the next: corners are where they are.
            line = {"color": looks[name].edge, "dash": looks[name].dash, "width": 2, "shape": "hv"}
            hover = f"{name}: %{{x:.3g}}, %{{y:.4g}}<extra></extra>"
            trace = go.Scatter(
                x=at.tolist(), y=values.tolist(), mode="lines", line=line, name=name, hovertemplate=hover
            )
            shown.add_trace(trace)
        shown.update_xaxes(title_text=self._("epochs"))
        shown.update_yaxes(title_text=self._("factor"), rangemode="tozero")
        shown.update_layout(
            template="plotly_white",
            font=_FONT,
            title={"text": f"<b>{self.schedule}</b>", "x": 0.02},
            showlegend=beside is not None,
            margin={"l": 80, "r": 20, "t": 60, "b": 60},
            height=420,
            meta={"description": self.summary},
        )
        return shown

    def as_dict(self) -> dict[str, Any]:
        found = [
            {"name": h.name, "domain": h.domain, "default": h.default, "meaning": h.meaning}
            for h in self.hyperparameters
        ]
        return {
            "kind": self.kind,
            "name": self.name,
            "class": self.title,
            "summary": self.summary,
            "paper": self.paper,
            "hyperparameters": found,
            "along": list(self.schedule.companions),
            "latex": self.latex(),
            "text": self.formula_text(),
        }

    def markdown(
        self, display: Callable[[str], str] = lambda latex: f"$$\n{latex}\n$$", picture: str = ""
    ) -> str:
        """The page. display: how a formula is set; picture: Markdown put behind it."""
        _ = self._
        rows = [
            [f"`{h.name}`", domain_words(h.domain, _), f"{h.default:g}", h.meaning]
            for h in self.hyperparameters
        ]
        header = [_("name"), _("domain"), _("value"), _("meaning")]
        parts = [
            f"# {self.title}",
            self.summary,
            _("Source: {paper}.").format(paper=self.paper) if self.paper else "",
            f"## {_('Formula')}",
            display(self.latex()),
            self.letters,
            picture,
            *([f"## {_('Hyperparameters')}", table(header, rows)] if rows else []),
            f"## {_('Code')}",
            f"```python\n{self.code().strip()}\n```",
        ]
        return "\n\n".join(part for part in parts if part) + "\n"
