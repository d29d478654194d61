"""The console's rules without I/O: roles, sessions, one-time codes, credentials and the origin of forms."""

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from referral.console.credentials import (
    Credentials,
    find_operator,
    hash_password,
    open_credentials,
    password_matches,
    seal_credentials,
)
from referral.console.roles import Permission, may, may_see, permissions_of
from referral.console.sessions import ABSOLUTE_S, BROWSER_S, IDLE_S, SessionSigner, refusal_of, start_session
from referral.console.totp import DRIFT_STEPS, STEP_S, enrolment_uri, generate_totp_secret, matched_step, totp_code
from referral.encryption import DecryptionFailed
from referral.events.entities import Role
from referral.http.same_origin import is_same_origin
from referral.key_ring import KeyRing
from tests.support.operators import PASSWORD, RING, TOTP, operator

ROLES: tuple[Role, ...] = get_args(Role)
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
NOW = 1_790_000_000
TOKEN = SessionSigner(RING).write(start_session(operator("lin"), NOW))


def test_each_role_includes_what_the_one_before_may() -> None:
    """viewer, support, growth, admin; an admin may do everything, a viewer only reads, and staff of a shop do not even that."""
    staff, *granted = [permissions_of(role) for role in ROLES]
    assert all(less < more for less, more in pairwise(granted))
    assert granted[0] == {"session", "read"}
    assert granted[-1] == set(PERMISSIONS)
    assert staff == {"session", "redeem"}
    assert staff < permissions_of("support")


@given(st.sampled_from(ROLES), st.sampled_from(PERMISSIONS))
def test_who_is_disabled_or_removed_may_do_nothing(role: Role, permission: Permission) -> None:
    """Whatever the role."""
    assert not may(replace(operator("lin", role), disabled=True), permission)
    assert not may(replace(operator("lin", role), sealed=None), permission)


def test_an_operator_of_some_programs_manages_nothing_that_concerns_all() -> None:
    """An admin of one program decides its rewards, but neither adds operators nor revokes keys."""
    bound, free = operator("lin", "admin", ("prg_a",)), operator("ann", "admin")
    for permission in ("manage_keys", "manage_operators", "read_audit"):
        assert not may(bound, permission)  # type: ignore[arg-type]
        assert may(free, permission)  # type: ignore[arg-type]
    assert may(bound, "revoke_rewards")
    assert (may_see(bound, "prg_a"), may_see(bound, "prg_b"), may_see(free, "prg_b")) == (True, False, True)


@given(st.integers(0, ABSOLUTE_S * 2), st.integers(0, ABSOLUTE_S * 2))
def test_a_session_ends_when_it_is_idle_or_old(age: int, idle: int) -> None:
    """Both are counted to the second; activity never extends the absolute end."""
    session = start_session(operator("lin"), NOW - age).at(NOW - min(age, idle))
    expected = "expired" if age >= ABSOLUTE_S else "idle" if min(age, idle) >= IDLE_S else None
    assert refusal_of(session, operator("lin"), NOW) == expected


@pytest.mark.parametrize("change", [{"epoch": 2}, {"disabled": True}, {"sealed": None}])
def test_a_session_ends_when_its_operator_is_disabled_removed_or_signs_out_everywhere(
    change: dict[str, object],
) -> None:
    """At once, whatever its age."""
    session = start_session(operator("lin"), NOW)
    assert refusal_of(session, replace(operator("lin"), **change), NOW) == "ended"
    assert refusal_of(session, None, NOW) == "ended"


@given(st.data())
def test_a_session_that_was_changed_anywhere_is_invalid(data: st.DataObject) -> None:
    """Also one of another installation, and a token of a known browser."""
    signer, token = SessionSigner(RING), TOKEN
    place = data.draw(st.integers(0, len(token) - 2))  # the last character has bits that no decoder reads
    letter = data.draw(st.sampled_from("ABCxyz019-_.").filter(lambda one: one != token[place]))
    assert signer.read(token[:place] + letter + token[place + 1 :]) is None
    assert signer.read(signer.write_browser("opr_lin", NOW)) is None
    assert SessionSigner(KeyRing.parse("", "another key " * 4)).read(token) is None


def test_two_sessions_have_two_form_tokens() -> None:
    """A token of one is of no use in another, and it does not contain the session's id."""
    one, other = start_session(operator("lin"), NOW), start_session(operator("lin"), NOW)
    assert one.csrf_token != other.csrf_token
    assert one.csrf_token == one.at(NOW + 60).csrf_token
    assert one.id not in one.csrf_token


def test_a_browser_is_known_for_its_operator_and_a_time() -> None:
    """Half a year."""
    signer = SessionSigner(RING)
    token = signer.write_browser("opr_lin", NOW)
    assert signer.known_operator(token, NOW + BROWSER_S - 1) == "opr_lin"
    assert signer.known_operator(token, NOW + BROWSER_S) is None
    assert signer.known_operator(token + "x", NOW) is None
    assert signer.known_operator("", NOW) is None


def test_codes_are_those_of_rfc_6238() -> None:
    """Appendix B, the last six digits of SHA-1."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890"
    vectors = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    assert {at: totp_code(secret, at) for at in vectors} == vectors


@given(st.integers(1_000_000, 2**33), st.integers(-5, 5))
def test_a_code_may_be_one_step_early_or_late(at: int, drift: int) -> None:
    """Of a clock that is wrong by 30 seconds; not more."""
    code, step = totp_code(TOTP, at + drift * STEP_S), at // STEP_S + drift
    found = matched_step(TOTP, f" {code[:3]} {code[3:]}", at)
    assert (found == step) if abs(drift) <= DRIFT_STEPS else found != step


@given(st.text(max_size=12))
def test_no_other_text_is_a_code(text: str) -> None:
    """Whatever is typed, nothing fails."""
    valid = {totp_code(TOTP, NOW + drift * STEP_S) for drift in range(-DRIFT_STEPS, DRIFT_STEPS + 1)}
    assert (matched_step(TOTP, text, NOW) is not None) == ("".join(text.split()) in valid)


def test_a_secret_is_read_by_apps() -> None:
    """As a URI with escaped names, and in base32."""
    uri = enrolment_uri(generate_totp_secret(), "lin & co", "go.example.com:8000")
    assert uri.startswith("otpauth://totp/go.example.com%3A8000:lin%20%26%20co?secret=")
    assert generate_totp_secret() != generate_totp_secret()


def test_credentials_open_for_their_operator_only() -> None:
    """The record of one operator cannot be given to another, and the log does not contain the name."""
    sealed = seal_credentials(RING, "opr_lin", Credentials("lin", "hash", TOTP))
    assert "lin" not in sealed
    lin, ann = replace(operator("lin"), sealed=sealed), replace(operator("ann"), sealed=sealed)
    assert open_credentials(RING, lin) == Credentials("lin", "hash", TOTP)
    with pytest.raises(DecryptionFailed):
        open_credentials(RING, ann)
    assert open_credentials(RING, replace(lin, sealed=None)) is None


def test_the_longest_credentials_fit_into_a_record() -> None:
    """A name of 64 characters of any script."""
    sealed = seal_credentials(RING, "opr_0123456789abcdef", Credentials("𠮷" * 64, hash_password("x"), TOTP, 2**53))
    assert len(sealed) <= 1024 - 17  # and the id of a key


def test_a_password_is_valid_in_any_unicode_form_and_no_other_is() -> None:
    """Keyboards write é in two ways; an empty password and half a character are just wrong."""
    hashed = hash_password("Café voisin, onze heures")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert password_matches(hashed, "Cafe\u0301 voisin, onze heures")
    assert not password_matches(hashed, "cafe voisin, onze heures")
    assert not password_matches(hashed, "")
    assert not password_matches(hashed, "\ud800")
    assert hash_password(PASSWORD) != hash_password(PASSWORD)


def test_a_name_is_found_in_any_case_and_width() -> None:
    """Also one with spaces around it; of a removed operator nothing is found."""
    known = [operator("lin"), operator("ann", disabled=True)]
    for typed in ("lin", " LIN ", "ｌｉｎ"):
        found = find_operator(RING, known, typed)
        assert found is not None
        assert found.operator.id == "opr_lin"
    assert find_operator(RING, known, "li") is None
    assert find_operator(RING, [replace(operator("lin"), sealed=None)], "lin") is None


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://go.example"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "https://go.example"}, True),
        ({"Origin": "https://go.example.evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://[half"}, False),
        ({}, False),
    ],
)
def test_a_form_comes_from_this_site(headers: dict[str, str], accepted: bool) -> None:
    """Another host, a sandboxed frame, and a request that is no browser's are refused."""
    assert is_same_origin(headers, "go.example") is accepted
    assert not is_same_origin({"Origin": "https:///path"}, "")
