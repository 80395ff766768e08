"""Tax that NAV itself splits off, from Cin7's invoice to NAV's ledger."""

from decimal import Decimal
from typing import Any

import pytest

CODES = """\
rules:
  - when: { tax_rule: [20% VAT on Sales, 20% VAT on Purchases] }
    vat_code: STANDARD
    percent: 20
"""


@pytest.fixture
def left_to_nav(flow: Any) -> Any:
    """The company leaves tax to NAV, whose accounts and journal template are set up for it."""
    (flow.directory / "tax.yaml").write_text(CODES)
    flow.edit("company.yaml", "tax_mode: explicit", "tax_mode: nav")
    flow.sandbox.nav.patch("settings", {"copy_vat_setup": True})
    return flow


def test_nav_posts_the_tax_that_was_foretold(left_to_nav: Any) -> None:
    flow = left_to_nav
    made = flow.sale("99.99")
    flow.ready()
    flow.deliver()
    assert flow.state(made) == "posted"
    assert flow.net(made) == {
        "2310": Decimal("119.99"),
        "6110": Decimal("-99.99"),
        "5610": Decimal("-20.00"),
    }


def test_where_nav_does_not_split_it_off_the_ledger_is_told_to_differ(left_to_nav: Any) -> None:
    flow = left_to_nav
    flow.sandbox.nav.patch("settings", {"copy_vat_setup": False})
    made = flow.sale("99.99")
    flow.ready()
    flow.deliver()
    assert flow.state(made) == "needs_attention"
    assert flow.problems(made) == ["posted_differently"]
