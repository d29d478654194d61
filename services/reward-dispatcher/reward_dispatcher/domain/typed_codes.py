"""Codes as people type them: whether one is a mistyped code of a program, seen from its check character."""

from collections.abc import Collection

from referral.catalog.view import Catalog
from referral.events.code_formats import CodeFormat, has_form, is_well_formed
from referral.events.normal_forms import normalize_code


def is_mistyped(code: str, catalog: Catalog, programs: Collection[str]) -> bool:
    """Whether a code has the prefix and length of generated codes of these programs, and is none that any of them can have.

    Never if one of them has uploaded codes: these may look the same.
    """
    typed = normalize_code(code)
    if "-" not in typed or any(catalog.code_pools(program) for program in programs):
        return False
    alike = [form for program in programs for form in _forms(catalog, program) if has_form(form, typed)]
    return bool(alike) and not any(is_well_formed(form, typed) for form in alike)


def _forms(catalog: Catalog, program: str) -> set[CodeFormat]:
    """The forms of generated codes of all versions of a program: codes of former versions are still valid."""
    rules = (rule for version in catalog.versions(program) for rule in version.program.rewards)
    return {rule.code.format for rule in rules if rule.code}
