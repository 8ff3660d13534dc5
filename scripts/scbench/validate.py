"""Check YAML against a JSON schema, fill in its defaults, and say in one line per fault what is wrong."""

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from scbench.errors import UserError, did_you_mean


class _UniqueKeyLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # in C eight times as fast, where it was built
    """A YAML loader that refuses a key given twice (PyYAML would silently keep the last)."""


def _mapping(loader: _UniqueKeyLoader, node: yaml.MappingNode) -> dict:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.tag != "tag:yaml.org,2002:merge":
            if key.value in seen:
                raise UserError(f"line {key.start_mark.line + 1}: {key.value!r} is given twice.")
            seen.add(key.value)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises
    ------
    UserError
        If it is not YAML, or gives a key twice.
    """
    try:
        return yaml.load(path.read_text(), _UniqueKeyLoader)  # noqa: S506 (a SafeLoader)
    except UserError as error:
        raise UserError(f"{path.name}, {error}") from None
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}") from error


def _pattern(_: Any, pattern: str, value: Any, schema: dict) -> Iterator[ValidationError]:
    """Match as a JSON schema means it: in Python, `$` would let a line break at the end pass."""
    whole = pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern
    if isinstance(value, str) and not re.search(whole, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


_Validator = validators.extend(Draft202012Validator, {"pattern": _pattern})


def validate(value: Any, schema: dict, where: str) -> Any:
    """Return a copy of `value` with the schema's defaults filled in.

    Parameters
    ----------
    value
        What was read from YAML.
    schema
        JSON schema (draft 2020-12).
    where
        File name, for the messages.

    Raises
    ------
    UserError
        One line per fault: where it is, what was found, what is allowed.
    """
    errors = sorted(_Validator(schema).iter_errors(value), key=lambda error: list(map(str, error.path)))
    if errors:
        raise UserError("\n".join(f"{where}: {_explain(error)}" for error in errors))
    filled = deepcopy(value)
    _fill(filled, schema)
    return filled


def _fill(value: Any, schema: dict) -> None:
    """Fill in defaults below `value`. Branches (`if`, `anyOf`) only matter here for the source of a dataset."""
    if isinstance(value, list):
        for child in value:
            _fill(child, schema.get("items", {}))
    if not isinstance(value, dict):
        return
    properties = schema.get("properties", {})
    for branch in schema.get("allOf", []):
        if "if" in branch and _Validator(branch["if"]).is_valid(value):
            properties = {**properties, **branch["then"].get("properties", {})}
    for key, below in properties.items():
        if "default" in below and key not in value:
            value[key] = deepcopy(below["default"])
    rest = schema.get("additionalProperties")
    for key, child in value.items():
        _fill(child, properties.get(key, rest if isinstance(rest, dict) else {}))


def _explain(error: ValidationError) -> str:
    place = ".".join(map(str, error.absolute_path))
    at = f"{place!r}" if place else "the file"
    got, rule = error.instance, error.validator_value
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            unknown = sorted(set(got) - set(known))
            return f"{at} has the unknown key {unknown[0]!r}. {did_you_mean(unknown[0], known)}"
        case "required":
            missing = [key for key in rule if key not in got]
            return f"{at} lacks the key {missing[0]!r}."
        case "enum":
            return f"{at} must be one of the allowed values. Got {got!r} instead. {did_you_mean(got, rule)}"
        case "type":
            kinds = [rule] if isinstance(rule, str) else rule
            named = " or ".join(f"{'an' if kind[0] in 'aio' else 'a'} {kind}" for kind in kinds)
            return f"{at} must be {named}. Got {got!r} instead."
        case "pattern" if "propertyNames" in error.schema_path:
            return f"{got!r} is not a valid id: it must match {rule}."
        case "pattern":
            return f"{at} must match {rule}. Got {got!r} instead."
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            sign = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}[error.validator]
            return f"{at} must be {sign} {rule}. Got {got!r} instead."
        case "uniqueItems":
            twice = [item for i, item in enumerate(got) if item in got[:i]]
            return f"{at} lists {twice[0]!r} twice."
        case "minItems" | "minProperties":
            return f"{at} must have at least {rule} item(s). Got {got!r} instead."
    return f"{at}: {error.message}."
