"""The parameters of a recipe: read from its signature, validated before anything runs.

Pydantic is imported only when a validation is not remembered (see `catalogue`).
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from stillroom.diagnostics import nearest
from stillroom.precompute.key import UnknownValueError, canonical
from stillroom.recipe import ImageFile, Recipe, Result, Run, Stored, Upstream

if typing.TYPE_CHECKING:
    from pydantic import TypeAdapter


class RecipeError(Exception):
    """A recipe is declared in a way that cannot work; the message says how."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter, for people to read.

    `upstream` names the recipe whose result it is, or is empty; `default` is a JSON value; `doc`
    comes from the recipe's docstring.
    """

    name: str
    type: str
    required: bool
    default: Any = None
    upstream: str = ""
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a parameter; `option` is where, e.g. ``components.1``."""

    code: str
    option: str
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Parameters after defaults, as canonical JSON values, without those that are upstreams.

    `images` are the names of the pictures among them. With problems, `params` is empty.
    """

    params: Mapping[str, Any]
    images: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def parameters(recipe: Recipe[Any]) -> tuple[Parameter, ...]:
    """Return the parameters of `recipe`, in order, without their documentation.

    Raises:
        RecipeError: one has no usable annotation or default, or the draft names none of them.
    """
    described = []
    signature = _signature(recipe)
    for name in recipe.draft:
        if name not in signature or _upstream(signature[name][0]):
            raise RecipeError(
                f"the draft of recipe '{recipe.name}' sets '{name}', "
                f"which is not a parameter of its own{nearest(name, signature)}"
            )
    for name, (hint, default) in signature.items():
        upstream = _upstream(hint)
        required = default is inspect.Parameter.empty and upstream is None
        described.append(
            Parameter(
                name,
                f"result of {upstream}" if upstream else type_text(hint),
                required,
                None if required or upstream else _plain(_default(recipe, name, hint, default)),
                upstream or "",
            )
        )
    return tuple(described)


def check(recipe: Recipe[Any], raw: Mapping[str, Any]) -> Checked:
    """Validate the values an author wrote, and fill in defaults.

    Args:
        recipe: the recipe.
        raw: YAML values by parameter, without those for upstreams.

    Raises:
        RecipeError: the recipe's own declaration is at fault.
    """
    signature = _signature(recipe)
    own = {name: pair for name, pair in signature.items() if _upstream(pair[0]) is None}
    problems = [
        Problem("F013", name, f"recipe '{recipe.name}' has no parameter '{name}'"
                f"{nearest(name, signature)}")
        for name in raw
        if name not in signature
    ]  # fmt: skip
    values: dict[str, Any] = {}
    for name, (hint, default) in own.items():
        if name in raw:
            value, wrong = _validate(recipe, name, hint, raw[name])
            values[name] = value
            problems += wrong
        elif default is inspect.Parameter.empty:
            problems.append(
                Problem("F015", "", f"recipe '{recipe.name}' needs the parameter '{name}'"
                        f" ({type_text(hint)})")
            )  # fmt: skip
        else:
            values[name] = _default(recipe, name, hint, default)
    return Checked(
        {} if problems else {name: _plain(value) for name, value in values.items()},
        tuple(dict.fromkeys(file.name for file in _images(values))),
        tuple(problems),
    )


def arguments(
    recipe: Recipe[Any],
    params: Mapping[str, Any],
    inputs: Mapping[str, bytes],
    stored: Mapping[str, Stored],
) -> dict[str, Any]:
    """Return the keyword arguments to call `recipe` with.

    Args:
        recipe: the recipe.
        params: canonical values, as `check` gives them.
        inputs: the content of each picture, by name.
        stored: the result for each upstream parameter.
    """
    call: dict[str, Any] = dict(stored)
    for name, (hint, _) in _signature(recipe).items():
        if _upstream(hint) is None:
            value = _adapter(recipe, name, hint).validate_json(canonical(params[name]), strict=True)
            call[name] = _fill(value, inputs)
    return call


def type_text(hint: Any) -> str:
    """Return a type as a reader of a recipe's documentation wants it: ``4 or 8``, ``list[int]``."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is typing.Annotated:
        limits = ", ".join(filter(None, map(_limit, args[1:])))
        return type_text(args[0]) + (f" {limits}" if limits else "")
    if origin is Literal:
        return " or ".join(json.dumps(each, ensure_ascii=False) for each in args)
    if origin in {typing.Union, types.UnionType}:
        return " or ".join(type_text(each) for each in args)
    if origin is not None:
        inner = ", ".join("..." if each is ... else type_text(each) for each in args)
        return f"{getattr(origin, '__name__', origin)}[{inner}]"
    names = {ImageFile: "picture", type(None): "null", Any: "anything"}
    return names.get(hint) or str(getattr(hint, "__name__", hint))


def _signature(recipe: Recipe[Any]) -> dict[str, tuple[Any, Any]]:
    """Each parameter's type and default, without `run`."""
    function = recipe.function
    try:
        # Run and Result may be imported for type checkers only.
        local = {"Run": Run, "Result": Result}
        hints = typing.get_type_hints(function, localns=local, include_extras=True)
    except (NameError, TypeError, SyntaxError) as error:
        raise RecipeError(f"an annotation of recipe '{recipe.name}' is wrong: {error}") from error
    given = list(inspect.signature(function).parameters.values())
    if not given or given[0].kind is inspect.Parameter.KEYWORD_ONLY:
        raise RecipeError(f"recipe '{recipe.name}': its first parameter should be 'run: Run'")
    found = {}
    for parameter in given[1:]:
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            raise RecipeError(
                f"recipe '{recipe.name}': write '*' before the parameter '{parameter.name}'"
            )
        if parameter.name not in hints:
            raise RecipeError(
                f"recipe '{recipe.name}': the parameter '{parameter.name}' has no type"
            )
        found[parameter.name] = (hints[parameter.name], parameter.default)
    return found


def _upstream(hint: Any) -> str | None:
    marks = [mark for mark in get_args(hint)[1:] if isinstance(mark, Upstream)]
    return marks[0].recipe if marks else None


def _adapter(recipe: Recipe[Any], name: str, hint: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    try:
        return TypeAdapter(hint)
    except PydanticUserError as error:
        raise RecipeError(
            f"recipe '{recipe.name}': the type of the parameter '{name}' cannot be validated: "
            f"{error.message}"
        ) from error


def _validate(
    recipe: Recipe[Any], name: str, hint: Any, raw: Any
) -> tuple[Any, tuple[Problem, ...]]:
    from pydantic import ValidationError

    adapter = _adapter(recipe, name, hint)
    try:
        # JSON, strictly: "10" is no number and 1.0 no whole number, but a list may be a tuple.
        text = canonical(raw)
    except UnknownValueError as error:
        return None, (_wrong(recipe, name, error.path.split("."), f"expected {error}"),)
    try:
        value = adapter.validate_json(text, strict=True)
        canonical(_plain(value))
    except UnknownValueError as error:
        raise RecipeError(f"recipe '{recipe.name}': '{name}' should be {error}") from error
    except ValidationError as error:
        expected: dict[tuple[str, ...], list[str]] = {}
        got: dict[tuple[str, ...], Any] = {}
        for each in error.errors(include_url=False):
            place, value = _descend(raw, each["loc"])
            message = each["msg"].removeprefix("Input should be ")
            if message == each["msg"]:
                message = message[:1].lower() + message[1:]
            expected.setdefault(place, []).append(message if place else type_text(hint))
            got[place] = value
        return None, tuple(
            _wrong(
                recipe,
                name,
                place,
                f"expected {' or '.join(dict.fromkeys(messages))}, not {_short(got[place])}",
            )
            for place, messages in expected.items()
        )
    return value, ()


def _wrong(recipe: Recipe[Any], name: str, place: typing.Iterable[str], message: str) -> Problem:
    option = ".".join([name, *filter(None, place)])
    return Problem("F014", option, f"parameter '{option}' of recipe '{recipe.name}': {message}")


def _descend(raw: Any, location: tuple[int | str, ...]) -> tuple[tuple[str, ...], Any]:
    """Follow a pydantic location into the value; the branch names of a union lead nowhere."""
    place: list[str] = []
    for step in location:
        known: typing.Container[Any] = raw if isinstance(raw, Mapping) else ()
        if isinstance(raw, list | tuple):
            known = range(len(raw))
        if step in known:
            raw = raw[step]
            place.append(str(step))
    return tuple(place), raw


def _default(recipe: Recipe[Any], name: str, hint: Any, default: Any) -> Any:
    """Validate a default, so that it means the same whether an author writes it or leaves it."""
    if isinstance(default, ImageFile):
        default = default.name
    value, problems = _validate(recipe, name, hint, default)
    if problems:
        raise RecipeError(f"the default of {problems[0].message}")
    return value


def _plain(value: Any) -> Any:
    """The value as JSON has it: a picture is its name, a tuple a list, a model a mapping."""
    if isinstance(value, ImageFile):
        return value.name
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _images(value: Any) -> list[ImageFile]:
    if isinstance(value, ImageFile):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [file for each in value for file in _images(each)]
    return []


def _fill(value: Any, inputs: Mapping[str, bytes]) -> Any:
    if isinstance(value, ImageFile):
        return dataclasses.replace(value, content=inputs[value.name])
    if isinstance(value, Mapping):
        return {name: _fill(each, inputs) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_fill(each, inputs) for each in value)
    return value


def _limit(mark: Any) -> str:
    """The limits of a pydantic Field, or of one annotated-types mark, in signs."""
    if hasattr(mark, "metadata"):
        return ", ".join(filter(None, map(_limit, mark.metadata)))
    signs = {
        "gt": "> {}",
        "ge": "≥ {}",
        "lt": "< {}",
        "le": "≤ {}",
        "multiple_of": "multiple of {}",
        "min_length": "at least {} long",
        "max_length": "at most {} long",
    }
    found = [(sign, getattr(mark, name, None)) for name, sign in signs.items()]
    return ", ".join(sign.format(value) for sign, value in found if value is not None)


def argument_docs(doc: str) -> dict[str, str]:
    """Return the entries of the ``Args:`` section of a (dedented) Google style docstring."""
    section = re.search(r"^Args:\n((?:[ \t]+.*\n|\n)+)", f"{doc}\n", re.MULTILINE)
    if section is None:
        return {}
    entries = re.findall(
        r"^(\w+)(?: \(.*?\))?: *(.*(?:\n[ \t]+.*)*)", inspect.cleandoc(section[1]), re.MULTILINE
    )
    return {name: " ".join(text.split()) for name, text in entries}


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
