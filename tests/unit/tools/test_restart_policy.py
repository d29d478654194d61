"""Which processes of a cluster on this machine are started again, and when."""

from hypothesis import given
from hypothesis import strategies as st

from referral_tools.stack.restart_policy import RestartPolicy


def test_a_process_is_started_after_a_pause() -> None:
    """Its peers notice that it is gone; the pause begins again with each end."""
    policy = RestartPolicy()
    decisions = [policy.decide("kafka-1", second) for second in range(13)]
    assert decisions == ["wait"] * 5 + ["start"] + ["wait"] * 5 + ["start"] + ["wait"]


@given(st.lists(st.sampled_from(("kafka-1", "redis-2")), max_size=400))
def test_each_process_is_started_a_limited_number_of_times(ends: list[str]) -> None:
    """Also if others end beside it; from then on the command gives up."""
    policy = RestartPolicy()
    decisions = [(name, policy.decide(name, 10.0 * number)) for number, name in enumerate(ends)]
    for name in set(ends):
        own = [decision for other, decision in decisions if other == name]
        assert own.count("start") <= 20
        assert "give up" not in own or own[own.index("give up") :] == ["give up"] * (len(own) - own.index("give up"))
