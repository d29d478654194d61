"""What a row of the configuration's table is, and how its value is read: parsed, checked, refused by name."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, field
from typing import Any


class ConfigError(Exception):
    """Settings are missing or wrong; says which, what was found and what to write, a line each."""


def setting(env: str, meaning: str, default: Any = MISSING, **more: Any) -> Any:
    """A row of the table. `least`, `most`, `choices`, `least_length`, `form` and `works` bound the value.

    What is wrong with a `secret` is said without showing it. A default is taken as it is.
    """
    return field(default=default, repr=not more.get("secret"), metadata={"env": env, "meaning": meaning, **more})


def read_setting(row: "Field[Any]", environ: Mapping[str, str]) -> Any:
    """The value that the environment gives a row, else its default. Raises ConfigError."""
    raw = environ.get(row.metadata["env"])
    if raw is None:
        if row.default is MISSING:
            raise ConfigError(f"{row.metadata['env']} is not set, and has no default. {row.metadata['meaning']}")
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
    if "works" in limits:
        _run_check(row, value)
    return value


def _run_check(row: "Field[Any]", value: Any) -> None:
    """Raises ConfigError where the value's own check does not let it pass."""
    check, remedy = row.metadata["works"]
    try:
        check(value)
    except (ValueError, OSError) as error:
        raise _invalid(row, value, remedy if row.metadata.get("secret") else f"{remedy} ({error})") from None


def _invalid(row: "Field[Any]", value: Any, remedy: str) -> ConfigError:
    shown = "a secret that" if row.metadata.get("secret") else f"{value!r}, which"
    return ConfigError(f"{row.metadata['env']} is {shown} will not do: {remedy}. {row.metadata['meaning']}")
