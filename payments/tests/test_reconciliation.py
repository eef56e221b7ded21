"""Providers' statements against our books: nothing found where nothing is wrong, and what is wrong
found once, by its class."""

import itertools
import json
from collections import Counter
from datetime import datetime, timedelta
from io import StringIO
from random import Random
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from pairly.alerts.models import Alert
from pairly.core import clock, db
from pairly.core.ids import new_id
from pairly.outbox.dispatch import dispatch_all
from payments.gateways.mock_statement import alter_line, double_line, lose_line
from payments.gateways.registry import gateway_named
from payments.intents.selectors import order_of
from payments.models import Break, Intent, MockLine, Observed, Reconciliation, Transfer
from payments.reconciliation import breaks, fees, runs, services
from payments.reconciliation.breaks import gone_breaks
from payments.reconciliation.clearing import movements
from payments.reconciliation.errors import AlreadyRunning
from payments.reconciliation.judging import judge
from payments.reconciliation.runs import RunLost
from payments.reconciliation.selectors import breaks_in, pressing_breaks, reconciled_until, runs_of
from payments.reconciliation.services import ReconciliationFailed, reconcile
from payments.simulator.services import deliver_settled
from payments.tasks import reconcile_providers
from payments.tests.buyers import Buyer, all_is_well, at_once
from payments.tests.desk import Desk, bought
from payments.tests.gateways import NAMELESS, SILENT, SLOW
from payments.tests.people import good
from payments.tests.statements import line_of, trade
from tests.explain import assert_uses_index
from tests.sizes import examples

pytestmark = pytest.mark.mongodb

PURCHASES = examples(small=600, ci=3000, torture=20_000)
DAYS = timedelta(days=5)


def start_and_end() -> tuple[datetime, datetime]:
    end = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return end - DAYS, end


def run(provider: str = "stripe", **values: Any) -> Reconciliation:
    since, until = start_and_end()
    done = reconcile(
        **{"provider": provider, "since": since, "until": until, "now": clock.now(), **values}
    )
    assert done.state == "done", done.error
    return done


def found() -> Counter[str]:
    return Counter(Break.objects.exclude(state="resolved").values_list("kind", flat=True))


def test_clean_books_have_no_breaks_and_planted_faults_are_found_exactly() -> None:
    since, until = start_and_end()
    ids = trade("stripe", PURCHASES, since, until)
    trade("razorpay", 40, since, until)
    first = run()
    assert (first.lines, first.bookings, first.breaks_found) == (PURCHASES, PURCHASES, 0)
    assert first.fees_booked == PURCHASES
    totals = json.loads(first.totals)
    assert totals["INR"]["statement"] == totals["INR"]["ledger"] > 0
    assert totals["INR"]["fees"] + totals["USD"]["fees"] == sum(
        MockLine.objects.filter(provider="stripe").values_list("fee_minor", flat=True)
    )
    assert run().fees_booked == 0
    assert run("razorpay").breaks_found == 0
    assert not Alert.objects.exists()

    before = set(MockLine.objects.values_list("pk", flat=True))
    lines = [line_of(one) for one in ids[:120:10]]
    originals = {line: MockLine.objects.get(pk=line) for line in lines}
    lose_line(lines[0])
    lose_line(lines[1])
    double_line(lines[2])
    double_line(lines[3])
    alter_line(lines[4], amount_minor=1)
    alter_line(lines[5], amount_minor=99_999)
    alter_line(lines[6], currency="EUR")
    alter_line(lines[7], currency="JPY")
    alter_line(lines[8], fee_minor=7)
    alter_line(lines[9], fee_minor=0)
    alter_line(lines[10], at=originals[lines[10]].at + timedelta(days=3))
    stranger = MockLine.objects.get(pk=lines[11])
    stranger.pk, stranger.ref, stranger.payment_ref, stranger.intent_id = "t", "p", "p", new_id()
    stranger.save(force_insert=True)

    planted = {
        **{"missing_there": 2, "duplicate": 2, "amount": 2, "currency": 2, "fee": 2},
        **{"timing": 1, "missing_here": 1},
    }
    second = run()
    assert (second.breaks_found, second.breaks_opened, found()) == (12, 12, planted)
    rows = set(Break.objects.values_list("pk", "subject"))
    assert (third := run()).breaks_found == 12 and third.breaks_opened == third.breaks_closed == 0
    assert set(Break.objects.values_list("pk", "subject")) == rows
    (alert,) = Alert.objects.filter(state="open")
    assert (alert.kind, alert.key, alert.count) == ("reconciliation_breaks", "stripe", 2)
    assert "11 open breaks" in alert.title
    assert Transfer.objects.filter(kind="fee").count() == PURCHASES + 40

    MockLine.objects.filter(at__gte=since, provider="stripe").exclude(pk__in=before).delete()
    for line in originals.values():
        line.save()
    healed = run()
    assert (healed.breaks_found, healed.breaks_closed, found()) == (0, 12, {})
    assert not Alert.objects.filter(state="open").exists()
    assert good()


def test_a_purchase_that_nobody_told_us_of_is_booked_through_the_usual_door() -> None:
    buyer = Buyer()
    intent = buyer.intent()
    buyer.play(intent, "lose")
    assert (buyer.look(intent)["status"], buyer.bought) == ("created", 0)
    since, until = clock.now() - timedelta(days=1), clock.now() + timedelta(seconds=1)
    first = run(since=since, until=until)
    assert (first.mended, first.breaks_found, first.breaks_opened) == (1, 1, 0)
    assert (buyer.look(intent)["status"], buyer.bought) == ("succeeded", 50)
    (row,) = Break.objects.all()
    assert (row.kind, row.state, str(row.intent_id)) == ("missing_here", "resolved", intent["id"])
    assert Observed.objects.filter(source="statement", verdict="applied").count() == 1
    assert not Alert.objects.exists()
    assert run(since=since, until=until).breaks_found == 0
    assert all_is_well()


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("provider", ["stripe", "razorpay"])
def test_refunds_and_disputes_are_clean_however_they_end(provider: str, settings: Any) -> None:
    settings.MOCK_RAZORPAY_DISPUTE_FEE_MINOR = settings.MOCK_STRIPE_DISPUTE_FEE_MINOR = 700
    desk = Desk()
    for outcomes in (
        ["refund"],
        ["dispute"],
        ["dispute", "dispute_won"],
        ["dispute", "dispute_lost"],
    ):
        buyer = Buyer()
        intent = bought(buyer, provider=provider)
        for outcome in outcomes:
            assert buyer.play(intent, outcome).status_code == 200
    in_parts = bought(Buyer(), provider=provider)
    buyer = Buyer()
    failing = bought(buyer, provider=provider)
    for amount in (1000, 1500):
        desk.refunded(in_parts, amount=amount)
    buyer.play(failing, "refund_fails")
    desk.refunded(failing)
    now = clock.now()
    window = {"since": now - timedelta(days=1), "until": now + timedelta(days=1)}
    # The refund that will fail: Stripe has taken its money already, Razorpay has not.
    first = run(provider, **window)
    assert found() == ({"timing": 1} if provider == "stripe" else {})
    with time_machine.travel(now + timedelta(minutes=1)):
        deliver_settled(clock.now())
        dispatch_all()
        assert buyer.look(failing)["status"] == "succeeded"
        last = run(provider, **window)
    assert last.breaks_found == last.mended == 0 and found() == {}
    assert first.fees_booked + last.fees_booked == 6 + 3
    totals = json.loads(last.totals)["INR"]
    assert totals["statement"] == totals["ledger"] == 5000 * 6 - 5000 * 3 - 2500
    assert all_is_well()


@pytest.mark.parametrize("provider", ["stripe", "razorpay"])
@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (["refund"], "refunded"),
        (["dispute"], "disputed"),
        (["dispute", "dispute_won"], "dispute_won"),
    ],
)
def test_refunds_and_disputes_that_nobody_told_us_of_are_taken_up(
    provider: str, outcomes: list[str], status: str
) -> None:
    """Made in the provider's dashboard, and every event of it got lost."""
    buyer = Buyer()
    intent = bought(buyer, provider=provider)
    now = clock.now()
    gateway: Any = gateway_named(provider)
    for outcome in outcomes:
        gateway.play(order_of(Intent.objects.get(pk=intent["id"])), outcome, now)
    window = {"since": now - timedelta(days=1), "until": now + timedelta(seconds=2)}
    done = run(provider, **window)
    assert done.mended == done.breaks_found == len(outcomes)
    assert buyer.look(intent)["status"] == status
    assert found() == {}
    assert run(provider, **window).breaks_found == 0
    assert all_is_well()


def test_a_statement_alone_makes_nobody_richer() -> None:
    """The line is there; the provider, asked, says that the payment was never made."""
    buyer = Buyer()
    intent = buyer.intent()
    now = clock.now()
    line = {"ref": intent["provider_ref"], "payment_ref": intent["provider_ref"]}
    MockLine.objects.create(
        **{**line, "line_ref": "t", "provider": "stripe", "kind": "payment", "currency": "INR"},
        **{"intent_id": intent["id"], "amount_minor": 5000, "fee_minor": 150, "at": now},
    )
    run(since=now - timedelta(days=1), until=now + timedelta(seconds=1))
    assert found() == {"missing_here": 1}
    assert buyer.bought == 0 and not Transfer.objects.filter(kind="fee").exists()
    assert all_is_well()


def test_what_the_provider_has_not_settled_yet_is_a_matter_of_time(settings: Any) -> None:
    settings.PAYMENT_GATEWAYS = SLOW
    _since, end = start_and_end()
    (intent_id,) = trade("stripe", 1, end - timedelta(hours=5), end)
    line = MockLine.objects.get(intent_id=intent_id)
    lose_line(line.pk)
    run()
    assert found() == {"timing": 1}
    assert not Alert.objects.exists()
    with time_machine.travel(clock.now() + timedelta(days=2)):
        run()
        assert found() == {"missing_there": 1}
        assert Alert.objects.filter(state="open").count() == 1
        line.save()
        run()
    assert found() == {} and not Alert.objects.filter(state="open").exists()


def test_a_line_without_a_name_belongs_to_the_only_purchase_that_it_can_be(settings: Any) -> None:
    settings.PAYMENT_GATEWAYS = NAMELESS
    since, until = start_and_end()
    small_inr, _medium_usd, _large_inr, small_usd, *_others = trade("stripe", 7, since, until)
    MockLine.objects.filter(intent_id__in=[small_inr, small_usd]).update(payment_ref="nameless")
    done = run()
    # The seventh purchase is of the first one's amount, and has its own line.
    assert (done.breaks_found, done.fees_booked) == (0, 7)
    fee = Transfer.objects.get(pk=f"fee:stripe:{line_of(small_usd)}")
    assert json.loads(fee.meta)["of"] == f"purchase:{small_usd}"
    double_line(line_of(small_usd))
    run()
    # Two lines for one purchase: neither is surely it.
    assert found() == {"missing_here": 2, "missing_there": 1}


def test_an_explanation_holds_as_long_as_nothing_changes() -> None:
    ids = trade("stripe", 3, *start_and_end())
    line = line_of(ids[1])
    alter_line(line, amount_minor=198)
    run()
    row = Break.objects.get()
    Break.objects.update(state="explained", note="Rounded")
    run()
    assert found() == {"amount": 1} and Break.objects.get().state == "explained"
    alter_line(line, amount_minor=150)
    assert run().breaks_opened == 1
    again = Break.objects.get()
    assert (again.pk, again.state, again.note) == (row.pk, "open", "Rounded")
    alter_line(line, amount_minor=199)
    assert run().breaks_closed == 1 and found() == {}
    alter_line(line, amount_minor=198)
    assert run().breaks_opened == 1
    assert Break.objects.get().state == "open"


def test_staff_decide_about_a_break_while_a_run_finds_it_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = line_of(trade("stripe", 2, *start_and_end())[1])
    alter_line(line, amount_minor=198)
    run()
    alter_line(line, amount_minor=199)
    desk = Desk()

    def decided_meanwhile(run: Reconciliation, state: str) -> list[Break]:
        gone = list(gone_breaks(run, state))
        for row in gone:
            address = f"/api/v1/staff/reconciliation/breaks/{row.pk}/resolve"
            assert desk.api.post(address, {"reason": "A typing error"}).status_code == 200
        return gone

    monkeypatch.setattr(breaks, "gone_breaks", decided_meanwhile)
    assert run().breaks_closed == 0
    assert (Break.objects.get().note, found()) == ("A typing error", Counter())


def test_two_runs_at_once_and_one_that_died() -> None:
    ids = trade("stripe", 30, *start_and_end())
    lose_line(line_of(ids[3]))
    outcomes = at_once(4, lambda _number: _run_or_refusal())
    assert "done" in outcomes and set(outcomes) <= {"done", "reconciliation_running"}
    assert Break.objects.count() == 1 and Transfer.objects.filter(kind="fee").count() == 29

    double_line(line_of(ids[5]))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(services, "close_gone", killed)
        run()
    assert Reconciliation.objects.filter(state="running").count() == 1
    with pytest.raises(AlreadyRunning):
        run()
    with time_machine.travel(clock.now() + timedelta(minutes=6)):
        assert run().breaks_found == 2
    assert found() == {"missing_there": 1, "duplicate": 1}
    assert Reconciliation.objects.filter(state="failed").get().error == "its process died"
    assert good()


def test_a_run_that_dies_anywhere_is_made_good_by_the_next() -> None:
    """Killed before its first write, before its second, and so on until it comes through."""
    ids = trade("stripe", 8, *start_and_end())
    trade("razorpay", 8, *start_and_end())
    lose_line(line_of(ids[0]))
    double_line(line_of(ids[1]))
    alter_line(line_of(ids[2]), amount_minor=1)
    for fatal in itertools.count():
        with (
            pytest.MonkeyPatch.context() as patch,
            time_machine.travel(clock.now() + fatal * timedelta(minutes=6)),
        ):
            fuse = Fuse(fatal)
            for module in (runs, breaks, fees):
                patch.setattr(module, "run_atomic", fuse)
            try:
                run()
                break
            except Killed:
                continue
    assert fatal > 5
    assert found() == {"missing_there": 1, "duplicate": 1, "amount": 1}
    assert Break.objects.count() == 3 and Transfer.objects.filter(kind="fee").count() == 7
    assert good()


@pytest.mark.parametrize("seed", range(examples(small=3, ci=25, torture=400)))
def test_random_faults_are_found_each_by_its_class(seed: int) -> None:
    random = Random(seed)
    since, until = start_and_end()
    ids = trade("stripe", 40, since, until)
    if random.random() < 0.5:
        run()  # Fees are known then, and a changed one is a break.
    is_known = Transfer.objects.filter(kind="fee").exists()
    planted = set()
    for intent_id in random.sample(ids, random.randrange(20)):
        kind = random.choice(["missing_there", "duplicate", "amount", "currency", "fee", "timing"])
        line = MockLine.objects.get(intent_id=intent_id)
        if kind == "missing_there":
            lose_line(line.pk)
        elif kind == "duplicate":
            double_line(line.pk)
        elif kind == "amount":
            alter_line(line.pk, amount_minor=line.amount_minor + random.randint(1, 99))
        elif kind == "currency":
            alter_line(line.pk, currency=random.choice(["EUR", "JPY"]))
        elif kind == "timing":
            alter_line(line.pk, at=line.at + timedelta(days=2, seconds=random.randint(1, 9999)))
        else:
            too_much = line.amount_minor + random.randint(1, 99)
            alter_line(line.pk, fee_minor=line.fee_minor + 1 if is_known else too_much)
        planted.add((kind, intent_id))
    run()
    assert set(Break.objects.values_list("kind", "intent_id")) == planted
    assert run().breaks_opened == 0 and good()


def test_a_run_that_lost_its_lease_writes_nothing_more() -> None:
    ids = trade("stripe", 2, *start_and_end())
    lose_line(line_of(ids[0]))

    def taken_over(*arguments: Any) -> Any:
        Reconciliation.objects.update(state="failed", error="its process died")
        return judge(*arguments)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(RunLost):
        patch.setattr(services, "judge", taken_over)
        run()
    assert not Break.objects.exists() and not Transfer.objects.filter(kind="fee").exists()


def test_a_provider_that_does_not_answer_is_told_of_and_tried_again(settings: Any) -> None:
    trade("stripe", 2, *start_and_end())
    gateways = settings.PAYMENT_GATEWAYS
    settings.PAYMENT_GATEWAYS = gateways | SILENT
    since, until = start_and_end()
    failed = reconcile(provider="stripe", since=since, until=until, now=clock.now())
    assert failed.state == "failed" and "GatewayUnreachable" in failed.error
    with pytest.raises(ReconciliationFailed, match="stripe"):
        reconcile_providers()
    assert Reconciliation.objects.filter(provider="razorpay", state="done").count() == 1
    assert [one.kind for one in Alert.objects.all()] == ["reconciliation_failed"]
    settings.PAYMENT_GATEWAYS = gateways
    assert "stripe: 2 lines, 0 breaks" in reconcile_providers()
    assert not Alert.objects.filter(state="open").exists()


def test_days_on_which_nobody_reconciled_are_caught_up_with() -> None:
    """A gap of any length: the next usual run begins where the last one ended."""
    start = start_and_end()[0]
    with time_machine.travel(start, tick=False) as time:
        trade("stripe", 3, start - timedelta(days=20), start - timedelta(days=19))
        assert "stripe: 3 lines, 0 breaks" in reconcile_providers()
        known = reconciled_until("stripe")
        assert known == start - timedelta(hours=1)
        trade("stripe", 2, start, start)
        time.shift(timedelta(days=30))
        # Somebody looks at the last day alone, which leaves the gap.
        run(since=clock.now() - timedelta(days=1), until=clock.now())
        assert reconciled_until("stripe") == known
        assert "stripe: 2 lines, 0 breaks" in reconcile_providers()
        assert reconciled_until("stripe") == clock.now() - timedelta(hours=1)
        assert Transfer.objects.filter(kind="fee").count() == 5
        time.shift(timedelta(days=1))
        assert "stripe: 0 lines, 0 breaks" in reconcile_providers()
        first = Reconciliation.objects.filter(provider="stripe").order_by("-id")[0].since
        assert clock.now() - first < timedelta(days=9)


def test_operators_reconcile_at_the_command_line() -> None:
    ids = trade("stripe", 5, *start_and_end())
    assert "5 lines against 5 bookings, 0 breaks found" in told("--provider", "stripe")
    lose_line(line_of(ids[2]))
    since, until = (f"{moment:%Y-%m-%d}" for moment in start_and_end())
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile", "--json", "--since", since, "--until", until, stdout=out)
    assert ended.value.code == 1
    by_provider = {one["provider"]: one for one in json.loads(out.getvalue())}
    assert by_provider["stripe"]["breaks_found"] == 1
    assert by_provider["razorpay"]["state"] == "done"
    with pytest.raises(CommandError, match="Providers are"):
        told("--provider", "paypal")
    with pytest.raises(CommandError, match="end must lie after"):
        told("--since", until, "--until", since)


def test_breaks_and_runs_are_found_by_an_index() -> None:
    now = clock.now()
    done = Reconciliation.objects.create(
        provider="stripe", since=now - DAYS, until=now, lease_until=now, started_at=now
    )
    Break.objects.bulk_create(
        Break(
            provider=("stripe", "razorpay")[number % 2],
            kind="amount",
            subject=f"line:{number}",
            currency="INR",
            detail="differs",
            occurred_at=now - timedelta(hours=number),
            opened_at=now,
            seen_at=now,
            run_id=new_id(),
            state=("open", "explained", "resolved")[number % 3],
        )
        for number in range(240)
    )
    for rows in (gone_breaks(done, "open")[:10], pressing_breaks("stripe")[:10]):
        assert_uses_index(rows, documents_max=14)
    assert_uses_index(breaks_in(state="open").order_by("-id")[:10], documents_max=12)
    assert_uses_index(runs_of("stripe").order_by("-id")[:10])
    trade("stripe", 250, now - DAYS, now)
    run(since=now - DAYS, until=now)
    rows = movements("stripe", now - DAYS, now)
    assert_uses_index(rows[:10], documents_max=12)


class Killed(BaseException):
    """The process dies here."""


class Fuse:
    """``run_atomic``, until so many transactions were committed."""

    def __init__(self, commits: int) -> None:
        self._left = commits

    def __call__(self, block: Any) -> Any:
        if not db.in_atomic_block():
            if not self._left:
                raise Killed
            self._left -= 1
        return db.run_atomic(block)


def killed(*_arguments: Any) -> None:
    raise Killed


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("reconcile", *arguments, stdout=out)
    return out.getvalue()


def _run_or_refusal() -> str:
    try:
        return str(run().state)
    except AlreadyRunning as refusal:
        return refusal.code
