"""Directives that are known, with the arguments and options they take; reading these options."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from markdown_it.token import Token

from stillroom.diagnostics import Location, nearest
from stillroom.source.directives import RawOptions
from stillroom.source.located import Located, YamlError, load
from stillroom.source.page import Page

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a directive takes."""

    argument: Literal["none", "optional", "required"] = "none"
    options: tuple[str, ...] = ()


FIGURE_OPTIONS = ("name", "width", "alt", "params", "draft", "claims", "bind", "view", "seed")
DIRECTIVES: Mapping[str, Kind] = {
    "figure": Kind("required", FIGURE_OPTIONS),
    "table": Kind("optional", ("name", "width")),
    "margin": Kind(),
    "note": Kind("optional"),
    "tip": Kind("optional"),
    "warning": Kind("optional"),
    "important": Kind("optional"),
    "details": Kind("required", ("open",)),
    "tabs": Kind(),
    "tab": Kind("required"),
    "appendix": Kind("optional"),
    "acknowledgments": Kind(),
    "editorial-note": Kind(),
    "update": Kind("required"),
    "correction": Kind("required"),
    "replications": Kind("optional", ("width",)),
    "cards": Kind("required"),
    "reply": Kind("required", ("summary",)),
}
# What goes to a place of its own on the page, or to another page: never in something else.
ALONE = {
    "acknowledgments", "editorial-note", "update", "correction", "replications", "cards", "reply",
}  # fmt: skip


@dataclass(slots=True)
class Options:
    """The options of one directive, handed out checked.

    Every method returns its default, and records M005 where the option stands, if the value is
    not what is asked for.
    """

    page: Page
    location: Location
    located: Located = field(default_factory=lambda: Located({}, {}, {}))

    def place(self, option: str) -> Location:
        """Where an option stands, or the directive."""
        return self.located.keys.get(option, self.location)

    def get(self, option: str, kind: type[T], expected: str, default: T) -> T:
        """The value of an option; null means that it is not given."""
        value = self.located.value.get(option)
        if value is None:
            return default
        # A boolean is an int to Python, and never what an author means by a number.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.wrong(option, expected)
            return default
        return value

    def choice(self, option: str, known: Collection[str], default: str) -> str:
        """One of some words."""
        value = self.get(option, str, f"one of {', '.join(known)}", default)
        if value in known:
            return value
        hint = nearest(value, known)
        self.wrong(option, f"one of {', '.join(known)}, not '{value}'{hint}")
        return default

    def mapping(self, option: str) -> dict[str, Any]:
        """A mapping whose keys are texts."""
        value: dict[Any, Any] = self.get(option, dict, "a mapping, such as {a: 1}", {})
        for key in value:
            if not isinstance(key, str):
                self.wrong(f"{option}.{key}", "a name")
        return {str(key): inner for key, inner in value.items()}

    def wrong(self, option: str, expected: str) -> None:
        """Record that an option is not what it should be."""
        self.page.error(self.place(option), "M005", f"'{option}' should be {expected}")


def read_directives(page: Page) -> dict[int, Options]:
    """Check all directives of a page: M001 to M005.

    Sets ``meta["options"]`` of each opening token, drops what is no directive from the tokens, and
    returns the `Options` by the ``id`` of the opening token, where they can be read.
    """
    found: dict[int, Options] = {}
    kept: list[Token] = []
    stack: list[str] = []
    for token in page.tokens:
        if token.type == "directive_stray":
            _report_stray(page, token)
            continue
        kept.append(token)
        if token.type == "directive_close":
            stack.pop()
        if token.type != "directive_open":
            continue
        parent = stack[-1] if stack else ""
        stack.append(token.info)
        if _known(page, token, parent):
            options = _read(page, token)
            if options is not None:
                found[id(token)] = options
                if token.info == "details":
                    options.get("open", bool, "true or false", False)
    page.tokens = kept
    return found


def _report_stray(page: Page, token: Token) -> None:
    if token.content.strip(":"):
        name = token.content.strip(":{} \t").partition(" ")[0][:20] or "name"
        message = f"a directive is written :::{{{name}}}, not {token.content[:40]}"
        page.error(page.start(token), "M001", message)
    else:
        message = f"{token.content} closes nothing: no directive was opened with as many colons"
        page.error(page.start(token), "M002", message)


def _known(page: Page, token: Token, parent: str) -> bool:
    """Report a directive that is not known, misplaced, not closed or has the wrong argument."""
    name, where = token.info, page.start(token)
    argument, closed = token.meta["argument"], token.meta["closed"]
    kind = DIRECTIVES.get(name)
    if kind is None:
        page.error(where, "M001", f"unknown directive '{name}'{nearest(name, DIRECTIVES)}")
        return False
    if (name == "tab") != (parent == "tabs"):
        message = "'tab' belongs in 'tabs'" if name == "tab" else "'tabs' takes only 'tab'"
        page.error(where, "M001", message)
    if name in ALONE and token.level:
        page.error(where, "M001", f"'{name}' stands by itself, not in something else")
    if not closed:
        page.error(where, "M002", f"'{name}' is never closed; end it with a line {token.markup}")
    if kind.argument == "required" and not argument:
        page.error(where, "M005", f"'{name}' needs an argument: {token.markup}{{{name}}} …")
    elif kind.argument == "none" and argument:
        page.error(where, "M005", f"'{name}' takes no argument, but has '{argument[:40]}'")
    return True


def _read(page: Page, token: Token) -> Options | None:
    """The options of a directive; None if they cannot be read at all."""
    raw: RawOptions | None = token.meta.pop("raw")
    options = Options(page, page.start(token))
    token.meta["options"] = {}
    if raw is None:
        return options
    if not raw.closed:
        page.error(options.location, "M003", "the options are never closed; add a line of ---")
        page.incomplete = True
        return None
    try:
        located = _load(page, raw) if raw.yaml else _load_lines(page, raw)
    except YamlError as error:
        page.error(error.location, "M003", f"the options are not valid YAML: {error}")
        page.incomplete = True
        return None
    known = DIRECTIVES[token.info].options
    for option in located.value:
        if option not in known:
            hint = nearest(option, known)
            takes = f"takes {', '.join(known)}" if known else "takes no options"
            message = f"unknown option '{option}'{hint}" + ("" if hint else f"; it {takes}")
            page.error(located.keys[str(option)], "M004", message)
    token.meta["options"] = located.value
    options.located = located
    return options


def _placer(page: Page, raw: RawOptions) -> Callable[[int, int], Location]:
    def place(line: int, column: int) -> Location:
        if line < len(raw.places):
            start, indent = raw.places[line]
            return page.at(start + 1, indent + column + 1)
        start, indent = raw.places[-1] if raw.places else (0, 0)
        return page.at(start + 1, indent + 1)

    return place


def _load(page: Page, raw: RawOptions) -> Located:
    located = load("\n".join(raw.lines), _placer(page, raw))
    if located.value is None:
        return Located({}, {}, {})
    if not isinstance(located.value, dict):
        raise YamlError("they should be `option: value`", located.values[""])
    return located


def _load_lines(page: Page, raw: RawOptions) -> Located:
    """Read ``:option: value`` lines; a value is YAML, or else plain text."""
    values: dict[str, Any] = {}
    keys: dict[str, Location] = {}
    places: dict[str, Location] = {}
    place = _placer(page, raw)
    for number, line in enumerate(raw.lines):
        indent = len(line) - len(line.lstrip())
        option, _, rest = line.lstrip()[1:].partition(":")
        where = place(number, indent)
        if option in values:
            raise YamlError(f"'{option}' is given twice", where)
        text = rest.strip()
        start = indent + 2 + len(option) + len(rest) - len(rest.lstrip())
        located = _value(text, place, number, start)
        values[option] = located.value
        keys[option], places[option] = where, place(number, start)
        keys |= {f"{option}.{path}": at for path, at in located.keys.items()}
        places |= {f"{option}.{path}": at for path, at in located.values.items() if path}
    return Located(values, keys, places)


def _value(text: str, place: Callable[[int, int], Location], line: int, start: int) -> Located:
    try:
        located = load(text, lambda _, column: place(line, start + column))
    except YamlError:
        # Brackets and quotes announce YAML; other text may hold what YAML finds special.
        if text[:1] in {"{", "[", '"', "'"}:
            raise
        return Located(text, {}, {})
    looks_like_mapping = isinstance(located.value, dict) and text[:1] != "{"  # "A cat: orange"
    return Located(text, {}, {}) if looks_like_mapping else located
