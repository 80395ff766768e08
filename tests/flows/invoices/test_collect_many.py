"""More orders than one run reads."""

from __future__ import annotations

import pytest
from cin7_nav.flows.invoices import collect as collecting
from cin7_nav.flows.invoices.collect import Occasion
from cin7_nav.store.documents import Scope

from .conftest import Flow


@pytest.mark.parametrize("occasion", [Occasion.POLL, Occasion.DAY])
def test_a_run_hands_on_what_it_has_no_room_for_and_the_next_runs_read_it(
    flow: Flow, occasion: Occasion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "READS_PER_RUN", 2)
    for _ in range(5):
        flow.sale()
    day = Scope(since=flow.today, until=flow.today) if occasion is Occasion.DAY else Scope()
    runs = [flow.collect(occasion, day) for _ in range(3)]
    assert [run.orders for run in runs] == [2, 2, 1]
    assert [run.more for run in runs] == [True, True, False]
