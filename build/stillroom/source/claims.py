"""Claims: comparisons over facts that the build checks.

    claim      = sum (("<" | "<=" | ">" | ">=" | "==" | "!=") sum)+
    sum        = product (("+" | "-") product)*
    product    = factor (("*" | "/") factor)*
    factor     = "-" factor | number | text | "true" | "false" | fact | call | "(" sum ")"
    call       = ("abs" | "min" | "max") "(" sum ("," sum)* ")"
    fact       = name | [article "/"] figure "." name

``a < b < c`` holds when both comparisons do. ``fig-a.error`` is the fact ``error`` of another
figure, and ``waves/fig-a.error`` that of a figure of another article, so a minus or a slash
between names needs spaces around it. A text stands between quotes and can only be compared for
equality.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stillroom.recipe import Fact

_PLAIN = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"  # of figures and articles
_TOKEN = re.compile(
    rf"""\s*(?:
    (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
    |(?P<fact>(?:{_PLAIN}/)?{_PLAIN}\.[A-Za-z_]\w*)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<text>"[^"]*"|'[^']*')
    |(?P<mark><=|>=|==|!=|[-+*/<>(),])
    )""",
    re.VERBOSE,
)
_COMPARE: Mapping[str, Callable[[Fact, Fact], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_FUNCTIONS: Mapping[str, Callable[[list[float]], float]] = {
    "abs": lambda values: abs(values[0]),
    "min": min,
    "max": max,
}
_DEPTH = 50


class ClaimError(Exception):
    """A claim cannot be read or evaluated; `column` counts characters of its text from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


class UnknownFactError(ClaimError):
    """A claim uses the fact `name`, which does not exist."""

    def __init__(self, name: Name) -> None:
        super().__init__(f"unknown fact '{name}'", name.column)
        self.name = name


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a text or a truth value."""

    value: Fact
    column: int


@dataclass(frozen=True, slots=True)
class Name:
    """A fact: `figure` is empty for the figure that makes the claim, `article` for its article."""

    figure: str
    fact: str
    column: int
    article: str = ""

    def __str__(self) -> str:
        article = f"{self.article}/" if self.article else ""
        return f"{article}{self.figure}.{self.fact}" if self.figure else self.fact


@dataclass(frozen=True, slots=True)
class Operation:
    """``left operator right``; a minus sign alone is a subtraction from zero."""

    operator: str
    left: Node
    right: Node
    column: int


@dataclass(frozen=True, slots=True)
class Call:
    """``abs``, ``min`` or ``max`` of some values."""

    function: str
    arguments: tuple[Node, ...]
    column: int


Node = Constant | Name | Operation | Call


@dataclass(frozen=True, slots=True)
class Expression:
    """A claim: n + 1 values with n comparisons between them, and the facts in them."""

    terms: tuple[Node, ...]
    comparisons: tuple[str, ...]
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a claim holds, and the facts it looked at, as written in the claim."""

    holds: bool
    values: Mapping[str, Fact]


def parse(text: str) -> Expression:
    """Read a claim.

    Raises:
        ClaimError: it does not follow the grammar above.
    """
    return _Parser(text).claim()


def evaluate(expression: Expression, find: Callable[[Name], Fact]) -> Outcome:
    """Check a claim.

    Args:
        expression: a parsed claim.
        find: gives the value of a fact; raises KeyError if there is none.

    Raises:
        UnknownFactError: it uses a fact that does not exist.
        ClaimError: it compares or calculates what cannot be, such as a text with a number.
    """
    values: dict[str, Fact] = {}
    for name in expression.names:
        try:
            values[str(name)] = find(name)
        except KeyError as error:
            raise UnknownFactError(name) from error
    terms = [_value(term, values) for term in expression.terms]
    holds = True
    for index, sign in enumerate(expression.comparisons):
        left, right = terms[index], terms[index + 1]
        if sign not in {"==", "!="} and isinstance(left, str) != isinstance(right, str):
            column = expression.terms[index + 1].column
            raise ClaimError("a text and a number cannot be put in order", column)
        holds = holds and bool(_COMPARE[sign](left, right))
    return Outcome(holds, values)


def _value(node: Node, values: Mapping[str, Fact]) -> Fact:
    match node:
        case Constant():
            return node.value
        case Name():
            return values[str(node)]
        case Call():
            return _FUNCTIONS[node.function]([_number(a, values) for a in node.arguments])
        case Operation():
            left, right = _number(node.left, values), _number(node.right, values)
            try:
                return _ARITHMETIC[node.operator](left, right)
            except (ZeroDivisionError, OverflowError) as error:
                raise ClaimError(str(error), node.column) from error


def _number(node: Node, values: Mapping[str, Fact]) -> float:
    value = _value(node, values)
    if isinstance(value, str):
        raise ClaimError(f"{value!r} is a text, not a number", node.column)
    return value


class _Parser:
    """Recursive descent over the grammar in the module's docstring."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.depth = 0
        self.names: list[Name] = []
        self.kind = ""
        self.word = ""
        self.column = 1
        self.advance()

    def advance(self) -> None:
        """Read the next token into `kind`, `word` and `column`; kind "" is the end."""
        found = _TOKEN.match(self.text, self.position)
        if found is None:
            rest = self.text[self.position :]
            self.column = len(self.text) - len(rest.lstrip()) + 1
            if rest.strip():
                mark = rest.strip()[0]
                advice = "; equality is written ==" if mark == "=" else ""
                raise ClaimError(f"unexpected '{mark}'{advice}", self.column)
            self.kind = self.word = ""
            return
        self.kind = str(found.lastgroup)
        self.word = found[self.kind]
        self.column = found.start(self.kind) + 1
        self.position = found.end()

    def accept(self, *words: str) -> str:
        """Take the token if it is one of these marks."""
        if self.kind == "mark" and self.word in words:
            taken = self.word
            self.advance()
            return taken
        return ""

    def fail(self, expected: str) -> ClaimError:
        found = f"found {self.word!r}" if self.kind else "the claim ends"
        return ClaimError(f"expected {expected}, but {found}", self.column)

    def claim(self) -> Expression:
        terms, comparisons = [self.sum()], []
        while sign := self.accept(*_COMPARE):
            comparisons.append(sign)
            terms.append(self.sum())
        if self.kind or not comparisons:
            raise self.fail("a comparison such as <" if not comparisons else "the end")
        return Expression(tuple(terms), tuple(comparisons), tuple(self.names))

    def sum(self) -> Node:
        left, column = self.product(), self.column
        while sign := self.accept("+", "-"):
            left = Operation(sign, left, self.product(), column)
            column = self.column
        return left

    def product(self) -> Node:
        left, column = self.factor(), self.column
        while sign := self.accept("*", "/"):
            left = Operation(sign, left, self.factor(), column)
            column = self.column
        return left

    def factor(self) -> Node:
        self.depth += 1
        if self.depth > _DEPTH:
            raise ClaimError("nested too deeply", self.column)
        node = self.atom()
        self.depth -= 1
        return node

    def atom(self) -> Node:
        kind, word, column = self.kind, self.word, self.column
        if self.accept("-"):
            return Operation("-", Constant(0, column), self.factor(), column)
        if self.accept("("):
            inner = self.sum()
            self.close()
            return inner
        if kind == "mark" or not kind:
            raise self.fail("a fact or a number")
        self.advance()
        if (constant := _constant(kind, word, column)) is not None:
            return Constant(constant, column)
        if self.kind == "mark" and self.word == "(":
            return self.call(word, column)
        place, _, fact = word.rpartition(".")
        article, _, figure = place.rpartition("/")
        self.names.append(Name(figure, fact, column, article))
        return self.names[-1]

    def call(self, function: str, column: int) -> Node:
        if function not in _FUNCTIONS:
            known = ", ".join(_FUNCTIONS)
            raise ClaimError(f"unknown function '{function}'; there are {known}", column)
        self.accept("(")
        arguments = [self.sum()]
        while self.accept(","):
            arguments.append(self.sum())
        self.close()
        if function == "abs" and len(arguments) > 1:
            raise ClaimError("abs takes one value", column)
        return Call(function, tuple(arguments), column)

    def close(self) -> None:
        if not self.accept(")"):
            raise self.fail("')'")


def _constant(kind: str, word: str, column: int) -> Fact | None:
    """The value of a number, a text or a truth value; None for a name."""
    if kind == "text":
        return word[1:-1]
    if kind == "number":
        return _parse_number(word, column)
    return {"true": True, "false": False}.get(word)


def _parse_number(word: str, column: int) -> Fact:
    try:
        number = int(word) if word.isdigit() else float(word)
    except ValueError as error:
        raise ClaimError("the number is too long", column) from error
    if math.isinf(number):
        raise ClaimError("the number is too large", column)
    return number
