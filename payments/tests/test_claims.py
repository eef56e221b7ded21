"""The arithmetic of what goes back, for any purchase, cut in any way."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from payments.claims import Claim, Sold, credits_to_hold, credits_to_keep, credits_to_take
from tests.sizes import examples

SOLD = st.builds(Sold, credits=st.integers(1, 1000), amount_minor=st.integers(1, 100_000))
MANY = settings(max_examples=examples(small=100, ci=1000, torture=20_000), deadline=None)


@MANY
@given(sold=SOLD, data=st.data())
def test_parts_come_to_the_whole_to_the_credit(sold: Sold, data: Any) -> None:
    claims: list[Claim] = []
    left = sold.amount_minor
    while left:
        amount = data.draw(st.integers(1, left)) if len(claims) < 6 else left
        credits = credits_to_hold(sold, amount, claims)
        claims.append(Claim(amount, credits, counts=True, is_settled=False))
        left -= amount
    assert sum(one.credits for one in claims) == sold.credits
    for place in data.draw(st.permutations(range(len(claims)))):
        one, others = claims[place], claims[:place] + claims[place + 1 :]
        assert credits_to_take(sold, one.amount_minor, one.credits, others) == one.credits
        claims[place] = one._replace(is_settled=True)


@MANY
@given(
    sold=SOLD,
    parts=st.lists(st.tuples(st.floats(0.01, 1), st.sampled_from(["take", "fail", "wait"]))),
)
def test_claims_that_overlap_or_fail_never_take_more_than_was_bought(
    sold: Sold, parts: list[Any]
) -> None:
    claims: list[Claim] = []
    for part, _end in parts:
        amount = max(1, int(sold.amount_minor * part))
        credits = credits_to_hold(sold, amount, claims)
        claims.append(Claim(amount, credits, counts=True, is_settled=False))
    for place, (_part, end) in enumerate(parts):
        one, others = claims[place], claims[:place] + claims[place + 1 :]
        if end == "take":
            credits = credits_to_take(sold, one.amount_minor, one.credits, others)
            claims[place] = one._replace(credits=credits, is_settled=True)
        if end == "fail":
            keep = credits_to_keep(sold, others)
            claims[place] = one._replace(credits=keep, counts=False)
        assert 0 <= sum(one.credits for one in claims) <= sold.credits
    settled = [one for one in claims if one.is_settled]
    if settled and not any(end == "wait" for _part, end in parts):
        whole = min(sold.amount_minor, sum(one.amount_minor for one in settled))
        fair = whole * sold.credits // sold.amount_minor
        assert abs(sum(one.credits for one in claims) - fair) <= len(claims)
