"""Applying a program file: checked, compared with the newest version, and written as the next one if it differs."""

from collections.abc import Sequence

from flask import request

from link_issuer.domain.advice.advice_rule import Advice
from link_issuer.domain.advice.catalogue import find_advice
from link_issuer.domain.program_versions import AppliedProgram, InvalidCampaign, InvalidEffectiveTime, apply_program
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.request_body import invalid_body, json_or_yaml_body
from link_issuer.store import AlreadyTaken
from referral.events.entities import FOLDERS, ProgramVersion, PseudonymKey
from referral.events.program import Program
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.program_file.check import CheckResult, check_program_file
from referral.program_file.supply import supply_problems
from referral.validation.mistakes import Mistake, count_of_mistakes, first_mistakes


def apply_file(program: str, *, dry_run: bool) -> tuple[AppliedProgram, Sequence[Advice]]:
    """Applies the program file in the request's body, and returns the resulting version and the advice on the file.

    Raises Problem 422 for mistakes, 412 if If-Match does not match, 409 if another request writes a version at the same time.
    """
    checked = _check_body(program)
    newest = dependencies().store.complete_catalog().program(program)
    _require_match(newest)
    applied = _apply(newest, checked)
    if applied.is_new and not dry_run:
        applied = AppliedProgram(_write(applied.version), is_new=True)
    advice = find_advice(applied.version.program, to_datetime(context().clock.now_ms()))
    return applied, [*advice, *_missing_supplies(applied.version.program)]


def _missing_supplies(program: Program) -> list[Advice]:
    """Files and codes that the rewards need: what reward-dispatcher has listed in the catalog."""
    catalog = dependencies().store.complete_catalog()
    files = catalog.guide_files(program.id)
    if files is None and catalog.guide_files(FOLDERS) is not None:
        files = ()  # all folders are listed, and this program has none
    problems = supply_problems(program, catalog.code_pools(program.id), files)
    return [Advice(one.code, one.pointer, one.detail) for one in problems]


def _check_body(program: str) -> CheckResult:
    document = json_or_yaml_body()
    checked = check_program_file(document.content)
    mistakes = [*document.mistakes, *checked.mistakes]
    if checked.program and checked.program.id != program:
        mistakes.append(Mistake("/id", f"must be {program}, as in the URL; got {checked.program.id}"))
    if mistakes:
        listed, omitted = first_mistakes(mistakes, checked.omitted)
        count = count_of_mistakes(len(listed), omitted)
        raise invalid_body(document.explain(listed), f"The program has {count}; nothing was changed.")
    return checked


def _require_match(newest: ProgramVersion | None) -> None:
    """Evaluates If-Match (RFC 9110, 13.1.1). Raises Problem 412."""
    if "If-Match" in request.headers and not request.if_match.contains(str(newest.version) if newest else ""):
        current = f"The newest version is {newest.version}." if newest else "The program does not exist yet."
        raise Problem(412, "other_version", f"{current} Read it, and apply your change to that.")


def _apply(newest: ProgramVersion | None, checked: CheckResult) -> AppliedProgram:
    assert checked.program is not None  # noqa: S101 - a file without mistakes has a program  # nosec B101
    try:
        return apply_program(newest, checked.program, checked.effective_from, context().clock.now_ms())
    except InvalidEffectiveTime as error:
        raise invalid_body([Mistake("/effective_from", str(error))], "Nothing was changed.") from error
    except InvalidCampaign as error:
        raise invalid_body([Mistake("/campaign", str(error))], "Nothing was changed.") from error


def _write(version: ProgramVersion) -> ProgramVersion:
    try:
        reserved = dependencies().store.reserve_version(version)
    except AlreadyTaken as error:
        raise Problem(409, "other_version", f"{error}. Read the program, and apply your change to that.") from error
    dependencies().store.write([*_first_pseudonym_key(reserved), reserved])
    return reserved


def _first_pseudonym_key(version: ProgramVersion) -> Sequence[PseudonymKey]:
    """With the first program: which key the log's people have their ids by."""
    if dependencies().store.complete_catalog().pseudonym_key() is not None:
        return ()
    return [PseudonymKey(recorded_at=version.recorded_at, fingerprint=context().pseudonyms.key_fingerprint())]
