"""How many requests may do something at the same time."""

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.http.concurrency_limit import ConcurrencyLimit
from referral.http.problems import Problem


def limit(total: int = 3) -> ConcurrencyLimit:
    """A limit for all callers."""
    return ConcurrencyLimit("explanations", total)


def test_a_caller_may_not_exceed_its_own_limit() -> None:
    """Others still may enter; the caller may, once one of its requests has ended."""
    limited = limit()
    with limited.hold("a", 1):
        with pytest.raises(Problem, match="explanations: at most 1 of one caller") as raised, limited.hold("a", 1):
            pytest.fail("entered above the limit")
        assert (raised.value.status, raised.value.headers) == (429, {"Retry-After": "1"})
        with limited.hold("b", 1):
            pass
    with limited.hold("a", 1):
        pass


def test_all_callers_together_have_a_limit() -> None:
    """503: the service is busy, which no single caller caused."""
    limited = limit(2)
    with (
        limited.hold("a", 9),
        limited.hold("b", 9),
        pytest.raises(Problem, match="at most 2 of all callers") as raised,
        limited.hold("c", 9),
    ):
        pytest.fail("entered above the limit")
    assert raised.value.status == 503


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=40))
def test_a_request_that_has_ended_is_not_counted(steps: list[tuple[str, bool]]) -> None:
    """Whatever was entered, refused and left by an exception before: in the end all places are free, and no more than that."""
    limited = limit()
    with ExitStack() as stack:
        for caller, fails in steps:
            try:
                if fails:
                    with limited.hold(caller, 2):
                        raise ValueError
                stack.enter_context(limited.hold(caller, 2))
            except (Problem, ValueError):
                continue
    with ExitStack() as stack:
        for caller in ("a", "a", "b"):
            stack.enter_context(limited.hold(caller, 2))
        for caller, status in (("a", 429), ("b", 503)):
            with pytest.raises(Problem) as raised:
                stack.enter_context(limited.hold(caller, 2))
            assert raised.value.status == status
    assert not limited._by_caller
