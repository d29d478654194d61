"""Checks of single values in a program file: what each accepts, and the message for what it refuses."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.events.prize_ranks import overlaps, ranks
from referral.events.value_checks import (
    InvalidValue,
    caption,
    distinct,
    distinct_ignoring_case,
    handle_pattern,
    legible,
    not_paid_for_sharing,
    prize_rank,
    target_url,
    time_zone,
)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (legible, "焕肤 Glow 👩‍🔬"),
        (caption, "{hook}.\nFollow with my code {code}: {link}"),
        (handle_pattern, "shill_*"),
        (time_zone, "Asia/Shanghai"),
        (time_zone, "UTC"),
        (time_zone, "America/Argentina/Buenos_Aires"),
        (prize_rank, "2-10"),
        (not_paid_for_sharing, "milestone"),
        (distinct, ["a", "A"]),
        (distinct_ignoring_case, ["a", "b"]),
    ],
)
def test_valid_values_pass(check: Callable[[object], object], value: object) -> None:
    """No check refuses what it documents."""
    check(value)


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        (legible, "ab\u202ecd", "character 3 (U+202E) cannot be displayed: remove it"),
        (
            caption,
            "{code",
            "has an unpaired brace: write placeholders as {name}, {code}, {link}, {mention}, {hook}, {cta}",
        ),
        (
            caption,
            "{pin}",
            "has the unknown placeholder {pin}: use one of {name}, {code}, {link}, {mention}, {hook}, {cta}",
        ),
        (handle_pattern, "*?", "would match every handle: include some of its letters, such as shill_*"),
        (time_zone, "Mars", "must be an IANA time zone such as Asia/Shanghai or Europe/Berlin; got 'Mars'"),
        *(
            (time_zone, name, f"must be an IANA time zone such as Asia/Shanghai or Europe/Berlin; got {name!r}")
            for name in (
                "localtime",
                "Factory",
                "posixrules",
                "posix/Asia/Shanghai",
                "right/UTC",
                "asia/shanghai",
                "",
                "../UTC",
            )
        ),
        (prize_rank, "first", "is not a rank or range: write 1, or 2-10 for several; got 'first'"),
        (distinct, ["a", "a"], "contains a twice: remove one"),
        (distinct_ignoring_case, ["a", "A"], "contains a twice: remove one"),
        (
            target_url,
            "http://example.com",
            "must begin with https:// (http:// only for this machine, such as http://127.0.0.1:8000)",
        ),
        (target_url, "https://a b", "must not contain spaces or control characters: write a space as %20"),
        (target_url, "example", "must name a host: write a URL such as https://example.com/follow"),
    ],
)
def test_a_message_says_what_to_write_instead(check: Callable[[object], object], value: object, message: str) -> None:
    """It continues the place of the value, so it begins with a verb or a noun."""
    with pytest.raises(InvalidValue) as refused:
        check(value)
    assert str(refused.value) == message


def test_payment_for_sharing_is_refused_with_the_name_of_the_advice() -> None:
    """Platforms forbid it; the message offers the occasion that pays for the friend."""
    with pytest.raises(InvalidValue, match=r"forced_sharing.*conversion\.cleared"):
        not_paid_for_sharing("content.shared")


@pytest.mark.parametrize(
    "target", ["https://example.com/x", "http://localhost:3000", "http://127.0.0.9/", "http://[::1]:80/"]
)
def test_https_and_local_http_targets_are_valid(target: str) -> None:
    """https for any host; http only for this machine."""
    assert target_url(target) == target


@pytest.mark.parametrize(
    "target",
    [
        "",
        "example.com",
        "http://example.com",
        "javascript:alert(1)",
        "//example.com",
        "https://",
        "https://user@example.com",
        "https://good.com\\@evil.com",
        "https://exa mple.com",
        "https://example.com/\r\nSet-Cookie: a=b",
        "https://example.com:99999/",
        "https://[::1",
        "https://a..b/",
        "http://10.0.0.1/",
    ],
)
def test_a_forbidden_target_is_rejected(target: str) -> None:
    """No other scheme, no host in disguise, no header injection, nothing unparseable."""
    with pytest.raises(InvalidValue):
        target_url(target)


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 10)), max_size=6))
def test_ranks_overlap_exactly_when_they_have_one_in_common(spans: list[tuple[int, int]]) -> None:
    """Compared with sets of single ranks."""
    texts = [f"{first}-{first + more}" if more else str(first) for first, more in spans]
    seen: set[int] = set()
    expected = []
    for text, (first, more) in zip(texts, spans, strict=True):
        own = set(range(first, first + more + 1))
        if own & seen:
            expected.append((text, min(own & seen)))
        seen |= own
    assert list(overlaps(texts)) == expected


@pytest.mark.parametrize("text", ["", "0", "01", "-1", "1-", "3-2", "1,2", "one", "1-2-3", "1000000"])
def test_what_is_not_a_rank_or_range_is_none(text: str) -> None:
    """Ranks begin with 1, go upwards, and are below a million."""
    assert ranks(text) is None
