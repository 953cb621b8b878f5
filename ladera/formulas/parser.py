"""The grammar: a text becomes a SymPy expression, by recursive descent, without evaluating any code.

    sum      = product (("+" | "-") product)*
    product  = signed (("*" | "/") signed | power)*        3x and x cos(x) are products
    signed   = ("+" | "-")* power                          -x^2 = -(x^2)
    power    = postfix ["^" exponent]                      2^3^2 = 2^(3^2)
    exponent = ("+" | "-")* power                          2^-3
    postfix  = primary [superscript]                       x²
    primary  = number | variable | constant | "(" sum ")" | "|" sum "|" | "√" primary
             | function ["^" whole number | superscript] "(" sum ")"      sin²(x) = (sin x)²

A written and an unwritten product bind alike: 1/2x is (1/2)x. A bar after an operand closes the
|...| that is open between the same parentheses, if one is; else it opens a factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ladera.formulas.build import Builder, Part
from ladera.formulas.errors import FormulaError
from ladera.formulas.limits import MAX_DEPTH
from ladera.formulas.names import sort_key
from ladera.formulas.tokens import Token, tokens
from ladera.locale import N_

__all__ = ["read"]

_STARTS = {"variable", "constant", "function", "(", "√"}


def read(text: str, declared: Sequence[str] | None) -> tuple[Any, tuple[str, ...]]:
    """The expression of a text and its variables: the declared ones, or those found, sorted."""
    parser = _Parser(text, tokens(text, declared))
    expr = parser.formula()
    found = {token.value for token in parser.tokens if token.kind == "variable"}
    variables = tuple(sorted(found, key=sort_key)) if declared is None else tuple(declared)
    if not variables:
        raise parser.build.error(N_("A formula has at least one variable, as in x^2; this one has none."), 0)
    return expr, variables


class _Parser:
    def __init__(self, text: str, found: list[Token]):
        self.build = Builder(text)
        self.tokens = found
        self.next = 0
        self.depth = 0
        self.bars = [0]  # how many |...| are open, per level of parentheses

    def formula(self) -> Any:
        whole = self.sum()
        token = self.token
        if token.kind == ")":
            raise self.build.error(
                N_("The ')' at position {at} closes no parenthesis; take it away or open one."),
                token.position,
            )
        if token.kind != "end":
            raise self.expected_operator()
        return self.build.finish(whole)

    # -- the grammar -------------------------------------------------------------------------

    def sum(self) -> Part:
        self.enter()
        terms = [("+", self.product())]
        at = self.token.position
        while self.token.kind in ("+", "-"):
            terms.append((self.take().kind, self.product()))
        self.depth -= 1
        return self.build.add(terms, at) if len(terms) > 1 else terms[0][1]

    def product(self) -> Part:
        factors = [("*", self.signed(), self.token.position)]
        while True:
            at = self.token.position
            if self.token.kind in ("*", "/"):
                factors.append((self.take().kind, self.signed(), at))
            elif self.token.kind in _STARTS or (self.token.kind == "|" and not self.bars[-1]):
                factors.append(("*", self.power(), at))
            else:
                break
        return self.build.multiply(factors, factors[-1][2]) if len(factors) > 1 else factors[0][1]

    def signed(self) -> Part:
        at = self.token.position
        negative = False
        while self.token.kind in ("+", "-"):
            negative ^= self.take().kind == "-"
        part = self.power()
        return self.build.negative(part, at) if negative else part

    def power(self) -> Part:
        base = self.postfix()
        if self.token.kind != "^":
            return base
        at = self.take().position
        self.enter()
        exponent = self.signed()
        self.depth -= 1
        return self.build.power(base, exponent, at)

    def postfix(self) -> Part:
        base = self.primary()
        if self.token.kind != "raised":
            return base
        raised = self.take()
        if self.token.kind in ("^", "raised"):
            raise self.build.error(
                N_("Two powers in a row need parentheses, as in (x²)^3; found '{found}' at position {at}."),
                self.token.position,
                found=self.token.text,
            )
        return self.raise_to(base, raised)

    def primary(self) -> Part:
        token = self.token
        match token.kind:
            case "number":
                return self.build.number(self.take().value, token.position)
            case "variable":
                return self.build.variable(self.take().value, token.position)
            case "constant":
                return self.build.constant(self.take().value, token.position)
            case "(":
                return self.parenthesis()
            case "|":
                return self.absolute()
            case "√":
                self.take()
                self.enter()
                argument = self.primary()
                self.depth -= 1
                return self.build.call("sqrt", argument, token.position)
            case "function":
                return self.function()
            case _:
                raise self.expected_operand()

    def parenthesis(self) -> Part:
        opened = self.take()
        self.bars.append(0)
        part = self.sum()
        self.bars.pop()
        if self.token.kind != ")":
            raise self.unclosed(opened)
        self.take()
        return part

    def absolute(self) -> Part:
        opened = self.take()
        self.bars[-1] += 1
        part = self.sum()
        if self.token.kind != "|":
            raise self.unclosed(opened)
        self.bars[-1] -= 1
        self.take()
        return self.build.call("abs", part, opened.position)

    def function(self) -> Part:
        function, raised = self.take(), None
        if self.token.kind == "raised":
            raised = self.take()
        elif self.token.kind == "^":
            self.take()
            if self.token.kind == "number" and self.token.value.isdigit():
                raised = self.take()
        # sin^-1 is the inverse to some and the reciprocal to others
        if self.token.kind != "(" or (raised is not None and raised.value.startswith("-")):
            raise self.build.error(
                N_(
                    "The argument of '{name}' stands in parentheses, as in {name}(x) or {name}(x)^2 "
                    "(position {at})."
                ),
                self.token.position,
                name=function.text,
            )
        part = self.build.call(function.value, self.parenthesis(), function.position)
        return part if raised is None else self.raise_to(part, raised)

    def raise_to(self, base: Part, raised: Token) -> Part:
        exponent = self.build.number(raised.value, raised.position)
        return self.build.power(base, exponent, raised.position)

    # -- tokens and errors -------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self.tokens[self.next]

    def take(self) -> Token:
        self.next += 1
        return self.tokens[self.next - 1]

    def enter(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.build.error(
                N_("Parentheses and exponents go at most {most} deep; position {at} is deeper."),
                self.token.position,
                most=MAX_DEPTH,
            )

    def expected_operand(self) -> FormulaError:
        if self.token.kind == "end":
            template = N_(
                "A number, a variable, a function or '(' was expected at position {at}, "
                "where the formula ends."
            )
        else:
            template = N_(
                "A number, a variable, a function or '(' was expected at position {at}; found '{found}'."
            )
        return self.build.error(template, self.token.position, found=self.token.text)

    def expected_operator(self) -> FormulaError:
        return self.build.error(
            N_("An operator such as + or * was expected at position {at}; found '{found}'."),
            self.token.position,
            found=self.token.text,
        )

    def unclosed(self, opened: Token) -> FormulaError:
        if self.token.kind == "end":
            template = N_(
                "The '{opened}' of position {where} is not closed: '{closing}' was expected at position "
                "{at}, where the formula ends."
            )
        elif self.token.kind in ("number", "raised"):
            return self.expected_operator()
        else:
            template = N_(
                "The '{opened}' of position {where} is not closed: '{closing}' was expected at position "
                "{at}; found '{found}'."
            )
        return self.build.error(
            template,
            self.token.position,
            opened=opened.text,
            where=opened.position + 1,
            closing=")" if opened.kind == "(" else "|",
            found=self.token.text,
        )
