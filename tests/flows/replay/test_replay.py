"""Replay: what is wrong with a selection, what a plan tells, and what acting does and leaves alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from cin7_nav.flows.decisions.answering import decide
from cin7_nav.flows.invoices.tasks import Desk
from cin7_nav.flows.replay.act import Refusal, act
from cin7_nav.flows.replay.plan import Plan, plan
from cin7_nav.flows.replay.selection import Selection, SelectionError, read
from cin7_nav.mappings import Mappings
from cin7_nav.model import State
from cin7_nav.store.decisions import Answer
from cin7_nav.store.documents import Run
from cin7_nav.store.replay import Filter, words_of

from tests.flows.invoices.conftest import Flow, calls, flow

__all__ = ["calls", "flow"]

TODAY = dt.date(2026, 11, 25)
RUN = Run("replay/run-1", "replay")


class Replay:
    """The DAG's two tasks on one company."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.naps: list[float] = []
        assert isinstance(flow.mappings, Mappings)
        desk: Any = Desk(flow.database, lambda: flow.cin7, lambda: flow.nav)  # type: ignore[arg-type, return-value]
        desk._channel = lambda: flow.nav
        self.desk = desk

    def plan(self, run: Run = RUN, **params: Any) -> Plan:
        flow = self.flow
        assert isinstance(flow.mappings, Mappings)
        flow.reference.refresh(dt.timedelta(minutes=10), products=True)
        return plan(flow.database, read(params, flow.today), run, 60, flow.mappings, flow.reference)

    def act(self, made: Plan, run: Run = RUN) -> dict[str, int]:
        assert isinstance(self.flow.mappings, Mappings)
        return dict(act(self.desk, self.flow.mappings, made, run, sleep=self.naps.append, clock=lambda: 0.0))


@pytest.fixture
def replay(flow: Flow) -> Replay:
    return Replay(flow)


# --- the selection ---


def test_everything_wrong_with_a_selection_is_said_at_once() -> None:
    params = {
        "flow": "payments", "states": ["lost"], "from": "2026-11-30", "to": "2026-11-01", "cap": 0,
        "share": "half",
    }  # fmt: skip
    with pytest.raises(SelectionError) as caught:
        read(params, TODAY)
    told = "\n".join(caught.value.faults)
    assert len(caught.value.faults) == 5
    for part in ("payments", "lost", "reversed: from 2026-11-30 to 2026-11-01", "cap: 0", "share: 'half'"):
        assert part in told


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({}, "Nothing is chosen"),
        ({"documents": [" ", ""]}, "Nothing is chosen"),
        ({"from": "2031-01-01"}, "more than a year from now"),
        ({"from": "2026-11-20T10:00:00+02:00"}, "no time and no time zone"),
        ({"to": "20/11/2026"}, "is not a business date"),
    ],
)
def test_a_selection_that_means_nothing_is_refused(params: dict[str, Any], told: str) -> None:
    with pytest.raises(SelectionError, match=told):
        read(params, TODAY)


def test_a_selection_keeps_what_was_meant() -> None:
    params = {"states": ["held", "held"], "documents": [" INV-1 "], "to": "2026-11-20", "text": " Abbey "}
    wanted = Filter((State.HELD,), None, dt.date(2026, 11, 20), ("INV-1",), (), (), "Abbey")
    assert read(params, TODAY) == Selection("invoices", wanted, 2000, 50)


def test_a_text_is_looked_for_by_the_beginnings_of_its_words() -> None:
    assert words_of("INV-0001 o'Brien & (x | !y)") == "INV:* & 0001:* & o:* & Brien:* & x:* & y:*"


# --- the plan ---


def test_the_plan_says_how_many_at_what_cost_and_what_would_be_sent(replay: Replay) -> None:
    flow = replay.flow
    posted, waiting = flow.sale("100.00"), flow.sale(charges=[{"tax_rule": "Levy 3%"}])
    flow.ready()
    flow.deliver()
    made = replay.plan(documents=[posted["number"], waiting["number"], "INV-99"])
    assert made.chosen.states == {"posted": 1, "needs_attention": 1}
    assert made.chosen.unknown == ("INV-99",)
    assert (made.cin7_calls, made.nav_calls) == (2 + 5, 4)
    told = "\n".join(made.told())
    assert "2 documents (1 needs_attention, 1 posted) of 2 orders" in told
    assert f"{waiting['number']} as no journal: needs_attention" in told
    assert "tax_rule_unmapped" in told
    flow.edit("tax.yaml", "rules:\n", 'rules:\n  - when: { tax_rule: "Levy 3%" }\n    account: "5650"\n')
    (each,) = replay.plan(states=["needs_attention"]).previews
    assert (each.state, each.journal is not None) == (State.READY, True)


def test_filters_find_by_state_date_party_account_and_text(replay: Replay) -> None:
    flow = replay.flow
    first = flow.sale("100.00", date=str(flow.today - dt.timedelta(days=9)))
    second = flow.purchase("50.00", lines=[{"sku": "HV-0001", "quantity": 1, "price": 5, "account": "400"}])
    flow.ready()
    source = flow.stored(first).document

    def found(**params: Any) -> int:
        return replay.plan(**params).chosen.documents

    assert found(states=["ready"]) == 2
    assert found(to=str(flow.today - dt.timedelta(days=1))) == 1
    assert found(parties=[source.party_name]) == found(parties=[source.party_id.upper()]) == 1
    assert found(accounts=["400"]) == found(accounts=["8110"]) == 1
    assert found(accounts=["200", "400"]) == 2
    assert found(text=source.party_name.split()[0][:4].lower()) == 1
    assert found(text=first["number"]) == 1
    assert found(documents=[second["number"]], states=["posted"]) == 0
    assert found(documents=[flow.nav_number(first).lower()]) == 0


def test_a_replay_beyond_its_cap_tells_how_long_it_takes_and_does_nothing(
    replay: Replay, calls: Callable[[str], dict[str, int]]
) -> None:
    flow = replay.flow
    for _ in range(3):
        flow.sale("100.00")
    flow.ready()
    made = replay.plan(states=["ready"], cap=2, share=10)
    assert made.lasts == dt.timedelta(minutes=0.5)
    assert "3 orders are to be read, more than the cap of 2" in made.refusal
    calls("cin7")
    with pytest.raises(Refusal, match="more than the cap"):
        replay.act(made)
    assert calls("cin7") == {}


# --- acting ---


def test_replaying_posted_documents_changes_nothing(
    replay: Replay, calls: Callable[[str], dict[str, int]]
) -> None:
    flow = replay.flow
    made = flow.sale("100.00")
    flow.ready()
    flow.deliver()
    before = flow.sql("SELECT count(*) FROM audit"), flow.net(made)
    calls("nav")
    replay.act(replay.plan(documents=[made["number"]]))
    assert flow.state(made) == "posted"
    assert (flow.sql("SELECT count(*) FROM audit"), flow.net(made)) == before
    assert not [route for route in calls("nav") if route.startswith("POST")]


def test_what_nav_refused_and_what_was_skipped_goes_on_after_its_cause_is_mended(replay: Replay) -> None:
    flow = replay.flow
    refused = flow.sale("100.00")
    flow.sandbox.nav.patch("settings", {"user_posting_to": "2020-01-01"})
    flow.ready()
    flow.deliver()
    assert flow.state(refused) == "needs_attention"
    flow.sandbox.nav.patch("settings", {"user_posting_to": ""})
    skipped = flow.sale("100.00", date=str(flow.today - dt.timedelta(days=9)))
    late = f"go_live: {flow.today - dt.timedelta(days=5)}"
    flow.edit("company.yaml", "go_live: 2026-01-01", late)
    flow.collect()
    flow.reference.company = flow.mappings.company if isinstance(flow.mappings, Mappings) else None
    flow.translate()
    assert flow.state(skipped) == "skipped"
    flow.edit("company.yaml", late, "go_live: 2026-01-01")
    replay.act(replay.plan(states=["needs_attention", "skipped"]))
    assert flow.is_posted_once(refused)
    assert flow.is_posted_once(skipped)


def test_what_a_person_left_out_stays_out(replay: Replay) -> None:
    flow = replay.flow
    made = flow.sale(charges=[{"tax_rule": "Levy 3%"}])
    flow.ready()
    decide(flow.database, made["number"], Answer.SKIP, "a test order", "Ann", "")
    flow.translate()
    flow.edit("tax.yaml", "rules:\n", 'rules:\n  - when: { tax_rule: "Levy 3%" }\n    account: "5650"\n')
    wanted = replay.plan(states=["skipped"])
    assert wanted.chosen.left_out == 1
    replay.act(wanted)
    assert flow.state(made) == "skipped"


def test_a_document_that_nobody_read_is_found_and_posted(replay: Replay) -> None:
    made = replay.flow.sale("100.00")
    assert replay.act(replay.plan(documents=[made["number"]]))["posted"] == 1
    assert replay.flow.is_posted_once(made)


def test_a_replay_that_was_interrupted_goes_on_where_it_stopped_and_keeps_its_pace(
    replay: Replay, monkeypatch: pytest.MonkeyPatch, calls: Callable[[str], dict[str, int]]
) -> None:
    flow = replay.flow
    monkeypatch.setattr("cin7_nav.flows.replay.act.TOGETHER", 2)
    made = [flow.sale("100.00") for _ in range(4)]
    flow.collect()
    wanted = replay.plan(states=["received"], share=25)
    sale, read_before = flow.cin7.sale, []

    def dies(order_id: str) -> Any:
        read_before.append(order_id)
        if len(read_before) == 3:
            raise KeyboardInterrupt
        return sale(order_id)

    monkeypatch.setattr(flow.cin7, "sale", dies)
    with pytest.raises(KeyboardInterrupt):
        replay.act(wanted)
    monkeypatch.setattr(flow.cin7, "sale", sale)
    assert [flow.state(one) for one in made].count("posted") == 2
    other = Run("replay/run-2", "replay")
    assert replay.plan(run=other, states=["received"]).unfinished == ((RUN.name, 2, 4),)
    flow.forget_leases()
    calls("cin7")
    replay.naps.clear()
    replay.act(replay.plan(states=["received"], share=25))
    assert [flow.state(one) for one in made].count("posted") == 4
    assert calls("cin7") == {"GET /sale": 2}
    assert replay.naps == [4.0, 4.0]
