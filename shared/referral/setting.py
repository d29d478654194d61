"""A row of the configuration table, and how its value is read: parsed, checked, and reported by name if invalid."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, field
from typing import Any


class ConfigError(Exception):
    """Settings are missing or invalid; the message has one line for each, with its name, its value and what to write."""


class InvalidSecret(ValueError):
    """A check rejects the value of a secret; the message shows nothing of it, so it is reported."""


def setting(env: str, meaning: str, default: Any = MISSING, **limits: Any) -> Any:
    """A row of the table: environment variable, meaning and default, and limits of the value.

    Limits: `least` and `most` (numbers), `choices`, `least_length`, `form` (a pattern, and what to write instead), `check` (a
    function that raises ValueError or OSError, and what to write instead). The value of a `secret` is never shown. A default
    is not checked.
    """
    return field(default=default, repr=not limits.get("secret"), metadata={"env": env, "meaning": meaning, **limits})


def read_setting(row: "Field[Any]", environ: Mapping[str, str]) -> Any:
    """The value of a row from the environment, otherwise its default. Raises ConfigError."""
    raw = environ.get(row.metadata["env"])
    if raw is None:
        if row.default is MISSING:
            raise ConfigError(f"{row.metadata['env']} is required but not set. {row.metadata['meaning']}")
        return row.default
    return _check(row, _parse(row, raw))


def _parse(row: "Field[Any]", raw: str) -> Any:
    if row.type in (bool, "bool"):
        if raw.lower() in ("1", "true", "yes", "on"):
            return True
        if raw.lower() in ("", "0", "false", "no", "off"):
            return False
        raise _invalid(row, raw, "write true or false")
    if row.type in (int, "int"):
        try:
            return int(raw)
        except ValueError:
            raise _invalid(row, raw, "write a whole number") from None
    return raw


def _check(row: "Field[Any]", value: Any) -> Any:
    limits = row.metadata
    if "least" in limits and not limits["least"] <= value <= limits["most"]:
        raise _invalid(row, value, f"write a number from {limits['least']} to {limits['most']}")
    if "choices" in limits and value not in limits["choices"]:
        raise _invalid(row, value, f"write one of {', '.join(limits['choices'])}")
    if "form" in limits and not limits["form"][0].fullmatch(value):
        raise _invalid(row, value, limits["form"][1])
    if len(str(value)) < limits.get("least_length", 0):
        raise _invalid(row, value, f"write at least {limits['least_length']} characters")
    if "check" in limits:
        _run_check(row, value)
    return value


def _run_check(row: "Field[Any]", value: Any) -> None:
    """Raises ConfigError if the row's own check rejects the value."""
    check, remedy = row.metadata["check"]
    try:
        check(value)
    except (ValueError, OSError) as error:
        shown = isinstance(error, InvalidSecret) or not row.metadata.get("secret")
        raise _invalid(row, value, f"{remedy} ({error})" if shown else remedy) from None


def _invalid(row: "Field[Any]", value: Any, remedy: str) -> ConfigError:
    shown = " (a secret, not shown)" if row.metadata.get("secret") else f"={value!r}"
    return ConfigError(f"{row.metadata['env']}{shown} is invalid: {remedy}. {row.metadata['meaning']}")
