"""YAML of plain values from files that nobody has checked: every fault is named with its line, and none ends the process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from hearken.errors import MissingExtraError, extra_hint, show
from hearken.limits import MAX_YAML_DEPTH

Fail = Callable[[int | None, str], NoReturn]
"""Is told the line (from 1, None: all of the file) and what is wrong there; raises."""


def load_yaml(text: str, fail: Fail) -> Any:  # noqa: ANN401 - YAML
    """Return the value of `text`; `fail` is told the line and the fault, if there is one, and raises.

    Faults are also objects of a language, aliases, which can hide a bomb, and deep nesting, which would end the process.
    Raises MissingExtraError without PyYAML.
    """
    try:
        import yaml
    except ImportError as error:
        raise MissingExtraError("Reading YAML needs PyYAML.", extra_hint("data")) from error
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_tokens(yaml.scan(text, Loader=loader), fail)
        return _construct(yaml, loader(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        fail(mark.line + 1 if mark else None, f"this is no YAML: {show(str(error.problem or error.context))}.")
    except yaml.reader.ReaderError as error:
        fail(text.encode().count(b"\n", 0, error.position) + 1, f"this is no YAML: {show(str(error.reason))}.")
    except (yaml.YAMLError, RecursionError) as error:
        fail(None, f"this is no YAML: {show(str(error))}.")


def _construct(yaml: Any, loader: Any) -> Any:  # noqa: ANN401 - YAML
    """Return the value of the only document; what the loader's own conversions raise (a 13th month) becomes an error with a line."""
    plain = loader.construct_object

    def marked(node: Any, deep: bool = False) -> Any:  # noqa: ANN401 - the signature of PyYAML
        try:
            return plain(node, deep)
        except (ValueError, OverflowError, AttributeError, KeyError, IndexError, TypeError) as error:
            raise yaml.constructor.ConstructorError(None, None, f"a value cannot be read: {error}", node.start_mark) from error

    loader.construct_object = marked
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _check_tokens(tokens: Iterable[Any], fail: Fail) -> None:
    depth = 0
    for token in tokens:
        kind = type(token).__name__
        depth += kind.endswith("StartToken") and kind.startswith(("Flow", "Block"))
        depth -= kind in ("FlowSequenceEndToken", "FlowMappingEndToken", "BlockEndToken")
        if kind == "AliasToken":
            fail(token.start_mark.line + 1, "aliases are not read.")
        if depth > MAX_YAML_DEPTH:
            fail(token.start_mark.line + 1, f"this YAML is nested more than {MAX_YAML_DEPTH} levels deep.")
