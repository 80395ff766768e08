"""A month of two systems, with everything that makes webhooks go quiet, in a minute or two of real time."""

from __future__ import annotations

import datetime as dt
import random
import re
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest
from cin7_nav.mappings.subscriptions import Subscriptions
from cin7_nav.store import audit

pytestmark = pytest.mark.long

DAYS = 30
OUTAGES = {4: 5, 9: 26, 15: 84}
"""Day → hours that the receiver is away: within NAV's patience, beyond it, beyond a subscription's life."""
COPIED = 22
"""The day on which the environment is copied, which drops all subscriptions."""
SALE = "Sale/InvoiceAuthorised"
_GAP = re.compile(r"silent from (\S+ \S+) to (\S+ \S+), ")


@dataclass
class Month:
    """What people did, and what was seen meanwhile."""

    office: Any
    chance: random.Random = field(default_factory=lambda: random.Random(30))
    vendors: list[tuple[str, dt.datetime]] = field(default_factory=list)
    sales: list[tuple[str, dt.datetime]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    shortest_life: dt.timedelta = dt.timedelta(days=3)
    down_until: float = -1.0

    def hour(self, at: int) -> None:
        day, hour = divmod(at, 24)
        if hour == 9 and day in OUTAGES:
            self.office.close()
            self.down_until = at + OUTAGES[day]
        if at == self.down_until:
            self.office.open()
        if (day, hour) == (COPIED, 5):
            for row in self.office.subscriptions().values():
                self.office.nav.write("DELETE", f"api/v2.0/subscriptions('{row['subscriptionId']}')")
        if self.chance.random() < 0.3:
            self._work()
        self.office.pass_time(hours=1)
        self.database_clock()
        self.office.renew()
        self.told += self.office.told()
        if at > self.down_until:
            ends = [one.expires_at for one in self._known() if one.expires_at and one.active_since]
            self.shortest_life = min([self.shortest_life, *(end - self.office.now for end in ends)])

    def _work(self) -> None:
        now = self.office.now
        if self.vendors and self.chance.random() < 0.4:
            changed = self.chance.choice(self.vendors)[0]
            path = self.office.nav.entity(f"vendors({changed})")
            self.office.nav.write("PATCH", path, {"phoneNumber": str(len(self.vendors))})
            self.vendors.append((changed, now))
        elif self.chance.random() < 0.5:
            self.vendors.append((self.office.vendor(f"Vendor {len(self.vendors)}"), now))
        else:
            lines = [{"sku": "HV-0001", "quantity": 1, "price": "10.00", "account": "200"}]
            made = self.office.sandbox.cin7.post("sale-invoice", {"lines": lines, "announce": True})
            self.sales.append((made["order_id"], now))

    def _known(self) -> list[Any]:
        from cin7_nav.store import subscriptions

        return subscriptions.known(self.office.database, "nav")

    def database_clock(self) -> None:
        """Events land at the sandbox's time."""
        self.office.sql(
            f"ALTER TABLE inbox ALTER COLUMN landed_at SET DEFAULT clock_timestamp() + interval "
            f"'{self.office.passed} seconds'"
        )

    # --- afterwards ---

    def missed_vendors(self) -> list[tuple[str, dt.datetime]]:
        """Changes that no event told of, and that no flow was sent to read."""
        rows = self.office.sql(
            "SELECT type, record_id, number, landed_at FROM inbox "
            "WHERE source = 'nav' AND type LIKE 'vendors/%'"
        )
        told = [(record, landed) for _, record, _, landed in rows if record]
        read = [
            (dt.datetime.fromisoformat(since), landed)
            for type_, _, since, landed in rows
            if type_ == "vendors/collection"
        ]
        return [
            (vendor, at)
            for vendor, at in self.vendors
            if not any(record == vendor and landed >= at for record, landed in told)
            and not any(since <= at <= landed for since, landed in read)
        ]

    def missed_sales(self) -> list[tuple[str, dt.datetime]]:
        rows = self.office.sql("SELECT record_id, landed_at FROM inbox WHERE type = %s", SALE)
        whys = [entry.why for entry in audit.trail(self.office.database, f"subscription/cin7/{SALE}")]
        gaps = [tuple(map(moment, found.groups())) for why in whys if (found := _GAP.search(why))]
        return [
            (sale, at)
            for sale, at in self.sales
            if not any(record == sale and landed >= at for record, landed in rows)
            and not any(start <= at <= end for start, end in gaps)
        ]


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def causes(whys: list[str]) -> list[str]:
    return [why.partition(";")[0].partition(" on ")[0] for why in whys]


def test_after_a_month_with_outages_and_a_copied_environment_nothing_is_missing(
    office: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    office.wanted = Subscriptions(nav=("vendors", "items", "generalLedgerEntries"), cin7=(SALE, "Sale/Undo"))
    office.sandbox.nav.patch("settings", {"token_seconds": 10**8})
    month = Month(office)
    month.database_clock()
    office.renew()
    for hour in range(24 * DAYS):
        month.hour(hour)
    assert len(month.vendors) > 80
    assert len(month.sales) > 40
    assert month.missed_vendors() == []
    assert month.missed_sales() == []

    gaps = office.audited("nav", "vendors")
    assert causes(gaps) == ["new", *["it was deleted in NAV"] * 3], gaps
    assert causes(office.audited("nav", "items")) == ["new", "it lapsed", "it was deleted in NAV"]
    switched_off = [why for why in office.audited("cin7", SALE) if why.startswith("Cin7 had switched it off")]
    assert len(switched_off) >= 2
    warned = [told for told in month.told if "the subscription to vendors ends in " in told]
    assert any(int(told.split(" ends in ")[1].split(" h ")[0]) >= 12 for told in warned)
    assert month.shortest_life > dt.timedelta(hours=34)
    assert len(office.subscriptions()) == 3
    assert all(webhook["IsActive"] for webhook in office.webhooks().values())
    assert office.troubles() == []
    landed = office.sql("SELECT count(*) FROM inbox WHERE sha256 <> ''")[0][0]
    told = f"{DAYS} days: {len(month.vendors)} changes in NAV, {len(month.sales)} sales in Cin7"
    told += f", {landed} events landed, {len(gaps) - 1} gaps of the vendors, {len(month.told)} alarms"
    with capsys.disabled():
        sys.stdout.write(f"\n{told}\n")
