"""`subscriptions.yaml`: what it may say, and that a mistake in it stops no document."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cin7_nav.mappings import Mappings, load, subscriptions
from cin7_nav.mappings.subscriptions import Subscriptions
from cin7_nav.receiver import events, notifications

SHIPPED = Path(__file__).resolve().parents[2] / "include" / "mappings"


def read(tmp_path: Path, text: str) -> Subscriptions | list[str]:
    (tmp_path / "subscriptions.yaml").write_text(text)
    found = subscriptions.load(tmp_path)
    return found if isinstance(found, Subscriptions) else [str(error) for error in found]


def test_the_shipped_file_wants_what_the_flows_look_at() -> None:
    found = subscriptions.load(SHIPPED)
    assert isinstance(found, Subscriptions)
    assert {notifications.FLOWS[name] for name in found.nav} == {"invoices", "parties", "stock"}
    assert set(found.cin7) <= set(events.FLOWS)
    assert found.renew_when_left == 50


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nav: [vendors]\ncin7: [Sale/Undone]\n", "subscriptions.yaml:2: found cin7"),
        ("nav: [vendors]\ncin7: [Sale/InvoiceAuthorized]\n", "perhaps Sale/InvoiceAuthorised"),
        ("nav: [vendors, items, vendors]\ncin7: []\n", "vendors a second time"),
        ("nav: [Vendor Ledger]\ncin7: []\n", "an entity set of NAV's API v2.0"),
        ("nav: []\n", "`cin7` is required"),
        ("nav: []\ncin7: []\nrenew_when_left: 5\n", "a percentage from 10 to 90"),
        ("nav: []\ncin7: []\nrenew_when: 50\n", "did you mean renew_when_left?"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    found = read(tmp_path, text)
    assert isinstance(found, list)
    assert told in " ".join(found)


def test_a_missing_file_is_no_wish_to_have_nothing(tmp_path: Path) -> None:
    assert "no such file" in str(subscriptions.load(tmp_path))


def test_a_mistake_in_it_stops_no_document(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "mappings")
    (tmp_path / "mappings" / "subscriptions.yaml").write_text("nav: {")
    before, after = load(SHIPPED), load(tmp_path / "mappings")
    assert isinstance(before, Mappings)
    assert isinstance(after, Mappings)
    assert after.fingerprint == before.fingerprint
