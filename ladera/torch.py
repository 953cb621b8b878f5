"""Any rule as an optimizer of PyTorch's: `ladera.torch.optimizer(model.parameters(), rule)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ladera.base import UsageError
from ladera.dropin.missing import missing

try:
    import torch
except ModuleNotFoundError as error:
    raise missing("torch", error) from error

from torch import Tensor
from torch.optim.optimizer import ParamsT, StateDict

from ladera.dropin.bucket import Bucket, buckets
from ladera.dropin.groups import Known, Settings
from ladera.dropin.plan import Plan
from ladera.dropin.records import Members, Record, checked, start
from ladera.rules import Rule

__all__ = ["Optimizer", "optimizer"]


def optimizer(params: ParamsT, rule: Rule, *, maximize: bool = False) -> Optimizer:
    """The rule as an optimizer over parameters, or groups of them, as torch.optim takes them.

    maximize: go up instead of down.

    Raises UsageError, a ValueError, where `rule` is none, a setting of a group lies outside its domain, or
    a parameter is complex.
    """
    return Optimizer(params, rule, maximize=maximize)


class Optimizer(torch.optim.Optimizer):
    """A rule as a torch.optim.Optimizer.

    Every hyperparameter and flag of the rule is a setting of each group by its name, where schedulers
    change it; decay rates b1, b2, ... are `betas` as well. Parameters without a gradient are skipped, and
    each has its own count of steps. A rule that sees all parameters at once sees those of a group.
    `state[p]` holds the rule's state by the names of its fields, and `step`.

    A rule that takes its gradient elsewhere than at the answer x (Nesterov, averages, schedule-free) keeps
    the reading point in the model's parameters and x in `state[p]["x"]`: `eval()` puts x into the
    parameters, `train()` the reading point, as in schedulefree. It is read with the settings of the step
    before. A rule of two gradients (SAM) needs a closure.
    """

    def __init__(self, params: ParamsT, rule: Rule, *, maximize: bool = False):
        if not isinstance(rule, Rule):
            raise UsageError(
                "ladera.torch.optimizer needs a rule, for example ladera.rules.Adam(lr=1e-3), received "
                "{received}.",
                received=repr(rule),
            )
        self._rule = rule
        self._settings = Settings(rule)
        defaults = {**self._settings.defaults(), "maximize": maximize, "rule": rule.label()}
        if Plan.of(rule).ahead:
            defaults["train_mode"] = True
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group: {"params": ..., "lr": ..., ...}."""
        if isinstance(param_group, dict):
            self._settings.complete(param_group)
        super().add_param_group(param_group)
        try:
            self._admit(self.param_groups[-1])
        except UsageError:
            self.param_groups.pop()
            raise

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step; closure: clears the gradients, computes the loss and its gradients, returns it.

        Raises UsageError for sparse gradients, after `eval()`, and where a rule of two gradients has no
        closure.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        if self._rule.evaluations > 1:
            self._take_gradients_at_the_probes(closure)
        for bucket in self._buckets():
            bucket.step()
        return loss

    @torch.no_grad()
    def eval(self) -> None:
        """Put the answer x into the parameters, to evaluate or to save the model."""
        for group in self.param_groups:
            if group.get("train_mode"):
                group["train_mode"] = False
                for p in group["params"]:
                    if record := self.state.get(p):
                        p.copy_(record["x"])

    @torch.no_grad()
    def train(self) -> None:
        """Put the point at which the next gradient is taken into the parameters, to train on."""
        for i, group in enumerate(self.param_groups):
            if not group.get("train_mode", True):
                group["train_mode"] = True
                known = self._known(i)
                begun = [p for p in group["params"] if self.state.get(p)]
                records = [self.state[p] for p in begun]
                members = Members(known.rule, known.plan, begun, begun, records, 1.0)  # no gradients needed
                for bucket in buckets(members):
                    bucket.read()

    def load_state_dict(self, state_dict: StateDict) -> None:
        """Go on from a state that `state_dict()` gave, bit for bit.

        Raises UsageError where it belongs to another rule or to parameters of other shapes.
        """
        records: dict[Tensor, Record] = {}

        def check(_: Any, state: StateDict) -> None:
            records.update(self._loaded(state))

        def restore(_: Any) -> None:  # PyTorch has cast the state to the parameters' dtypes
            self.state.update(records)

        hooks = (
            self.register_load_state_dict_pre_hook(check),
            self.register_load_state_dict_post_hook(restore, prepend=True),
        )
        try:
            super().load_state_dict(state_dict)
        finally:
            for hook in hooks:
                hook.remove()

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_rule": self._rule}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._settings = Settings(self._rule)
        for i, group in enumerate(self.param_groups):
            for name, value in self._rule.hyperparameters().items():
                group.setdefault(name, value)  # a rule may have had fewer when it was saved
            self._settings.complete(group)
            self._known(i)

    def _known(self, index: int) -> Known:
        group = self.param_groups[index]
        return self._settings.of(index, group, lambda: any(self.state.get(p) for p in group["params"]))

    def _admit(self, group: dict[str, Any]) -> None:
        for p in group["params"]:
            if p.is_complex():
                raise UsageError(
                    "A rule is for real numbers, received a parameter of dtype {dtype}; keep it as real "
                    "numbers with a last axis of 2, and use torch.view_as_complex(parameter) in the model.",
                    dtype=p.dtype,
                )
        self._known(len(self.param_groups) - 1)

    def _buckets(self) -> list[Bucket]:
        """The parameters that have a gradient."""
        found = []
        for i, group in enumerate(self.param_groups):
            if not group.get("train_mode", True):
                raise UsageError(
                    "{rule} was told eval(), so that the parameters are its answer, and not where it takes "
                    "gradients; call optimizer.train() before the loss is computed.",
                    rule=self._rule.label(),
                )
            known = self._known(i)
            pairs = [(p, g) for p in group["params"] if (g := p.grad) is not None]
            for _, g in pairs:
                if g.layout is not torch.strided:
                    raise UsageError(
                        "A rule needs dense gradients, received one of layout {layout}; for an embedding, "
                        "build it with sparse=False.",
                        layout=g.layout,
                    )
            params, gradients = [p for p, _ in pairs], [g for _, g in pairs]
            records = self._records(known, group, params)
            sign = -1.0 if group["maximize"] else 1.0
            found += buckets(Members(known.rule, known.plan, params, gradients, records, sign))
        return found

    def _records(self, known: Known, group: dict[str, Any], params: list[Tensor]) -> list[Record]:
        """The records of parameters, which are begun where they have none."""
        records = [self.state[p] for p in params]
        if not all(records):
            elder = next((self.state[p] for p in group["params"] if self.state.get(p)), None)
            new = [p for p, record in zip(params, records, strict=True) if not record]
            self.state.update(zip(new, start(known.rule, known.plan, new, elder), strict=True))
            records = [self.state[p] for p in params]
        return records

    def _take_gradients_at_the_probes(self, closure: Callable[[], Any] | None) -> None:
        if closure is None:
            raise UsageError(
                "{rule} takes two gradients a step and needs a closure: call optimizer.step(closure), where "
                "closure() clears the gradients, computes the loss, calls backward() and returns the loss.",
                rule=self._rule.label(),
            )
        found = self._buckets()
        before = [(p, p.clone()) for bucket in found for p in bucket.members.params]
        try:
            for bucket in found:
                bucket.probe()
            with torch.enable_grad():
                closure()
        finally:
            for p, x in before:
                p.copy_(x)

    def _loaded(self, state_dict: StateDict) -> dict[Tensor, Record]:
        """The records of a saved state."""
        saved_groups = state_dict["param_groups"]
        sizes = [[len(group["params"]) for group in groups] for groups in (saved_groups, self.param_groups)]
        if sizes[0] != sizes[1]:
            raise UsageError(
                "The state was saved for groups of {saved} parameters, and the optimizer has groups of "
                "{received}; build it over the same parameters, in the same order.",
                saved=sizes[0],
                received=sizes[1],
            )
        found: dict[Tensor, Record] = {}
        for saved, group in zip(saved_groups, self.param_groups, strict=True):
            self._check_rule(saved)
            rule = self._settings.made_from({**group, **saved})
            records = [state_dict["state"].get(key) for key in saved["params"]]
            loaded = checked(rule, Plan.of(rule), group["params"], records)
            pairs = zip(group["params"], loaded, strict=True)
            found.update((p, record) for p, record in pairs if record is not None)
        return found

    def _check_rule(self, saved: dict[str, Any]) -> None:
        if "rule" not in saved:
            raise UsageError(
                "The state was not saved by an optimizer of Ladera's, and the optimizer runs {rule}; begin "
                "without a state.",
                rule=self._rule.label(),
            )
        if saved["rule"] != self._rule.label():
            raise UsageError(
                "The state was saved by {saved}, and the optimizer runs {rule}; load it into one with the "
                "same rule.",
                saved=saved["rule"],
                rule=self._rule.label(),
            )
