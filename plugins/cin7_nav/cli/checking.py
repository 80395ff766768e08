"""`cin7-nav check`: whether the files that people edit are right, and whether NAV has what they name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cin7_nav.cli.console import INCLUDE, MappingsOption, app, asked_for, desk, err, out
from cin7_nav.mappings import Mappings, alerts, load, schedule, subscriptions
from cin7_nav.mappings.companies import Company
from cin7_nav.mappings.references import Reference, Referenced, references

if TYPE_CHECKING:
    from cin7_nav.flows.invoices.tasks import Desk

ScheduleOption = Annotated[
    Path, typer.Option("--schedule", envvar="CIN7_NAV_SCHEDULE", help="The schedule file.")
]
SCHEDULE = INCLUDE / "schedule.yaml"


@app.command()
def check(
    mappings: MappingsOption = None,
    schedule_file: ScheduleOption = SCHEDULE,
    nav: Annotated[
        bool, typer.Option("--nav", help="Also compare what the mappings name with NAV itself.")
    ] = False,
) -> None:
    """Check the mapping files, the schedule and the alerts; exit code 1 where anything is wrong."""
    _, warnings = schedule.load(schedule_file)
    for warning in warnings:
        err.print(f"schedule: {warning}")
    alert_file = Path(os.environ.get("CIN7_NAV_ALERTS") or schedule_file.parent / "alerts.yaml")
    if alert_file.exists():
        _, more = alerts.load(alert_file)
        for warning in more:
            err.print(f"alerts: {warning}")
        warnings += more
    sound = [_is_sound(company, mappings or company.mappings, nav=nav) for company in asked_for()]
    if warnings or not all(sound):
        raise typer.Exit(1)


def _is_sound(company: Company, directory: Path, *, nav: bool) -> bool:
    """Whether a company's files are; what is wrong is printed."""
    wanted = subscriptions.load(directory)
    mistakes = [] if isinstance(wanted, subscriptions.Subscriptions) else wanted
    for mistake in mistakes:
        err.print(str(mistake), markup=False)
    found = load(directory)
    if not isinstance(found, Mappings):
        for error in found:
            err.print(str(error), markup=False)
        return False
    missing: list[str] = []
    if nav:
        with desk(company) as at:
            missing = [*_missing_in_nav(found, at), *_stock_missing_in_nav(found, at)]
    for sentence in missing:
        err.print(sentence)
    if mistakes or missing:
        return False
    for remark in found.warnings():
        out.print(f"note: {remark}", markup=False)
    out.print(f"mappings, schedule and alerts are sound ({directory})")
    if nav:
        out.print(
            "NAV has every account, dimension value, customer and vendor that they name", soft_wrap=True
        )
        if found.stock:
            out.print(
                "and every location and item of stock.yaml; its item journal batches and posting groups NAV "
                "does not show: look there", soft_wrap=True,
            )  # fmt: skip
    return True


def _missing_in_nav(mappings: Mappings, desk: Desk) -> Iterator[str]:
    from cin7_nav.flows.invoices.reference import FRESH
    from cin7_nav.hooks.channel import Entity
    from cin7_nav.store import reference as cached

    desk.reference(mappings).refresh(FRESH)
    entities = {
        Referenced.ACCOUNT: Entity.ACCOUNTS,
        Referenced.CUSTOMER: Entity.CUSTOMERS,
        Referenced.VENDOR: Entity.VENDORS,
    }
    rows = {
        entity: {row.key: row.body for row in cached.rows(desk.database, "nav", entity)}
        for entity in (Entity.DIMENSIONS, Entity.DIMENSION_VALUES, *entities.values())
    }
    dimensions = {row["id"]: row["code"] for row in rows[Entity.DIMENSIONS].values()}
    values = {
        (dimensions.get(row["dimensionId"], ""), row["code"])
        for row in rows[Entity.DIMENSION_VALUES].values()
    }
    for named in references(mappings):
        if named.what is Referenced.DIMENSION_VALUE:
            if (named.dimension, named.code) not in values:
                yield f"{named.rule}: NAV has no value {named.code} of dimension {named.dimension}"
        elif named.what in entities:
            yield from _missing(named, rows[entities[named.what]])


def _stock_missing_in_nav(mappings: Mappings, desk: Desk) -> Iterator[str]:
    from cin7_nav.hooks.errors import NotFound

    stock = mappings.stock
    if stock is None:
        return
    try:
        codes = desk.items.location_codes()
    except NotFound:
        codes = {hit.value for hit in stock.locations.values()}
        err.print("This NAV shows no locations: those of stock.yaml are not compared")
    transit = [stock.in_transit] if stock.in_transit else []
    for hit in {hit.value: hit for hit in [*stock.locations.values(), *transit]}.values():
        if hit.value not in codes:
            yield f"{hit.rule}: NAV has no location {hit.value}"
    try:
        cards = desk.items.cards([hit.value for hit in stock.items.values()])
    except NotFound:
        err.print("This NAV shows no items: those of stock.yaml are not compared")
        return
    for hit in stock.items.values():
        card = cards.get(hit.value)
        if card is None:
            yield f"{hit.rule}: NAV has no item {hit.value}"
        elif card.type != "Inventory":
            yield f"{hit.rule}: NAV item {hit.value} is of type {card.type}, not Inventory"
        elif card.blocked:
            yield f"{hit.rule}: NAV item {hit.value} is blocked"


def _missing(named: Reference, rows: dict[str, Any]) -> Iterator[str]:
    row = rows.get(named.code)
    if row is None:
        yield f"{named.rule}: NAV has no {named.what} {named.code}"
    elif named.what is Referenced.ACCOUNT and row["accountType"] != "Posting":
        yield f"{named.rule}: NAV account {named.code} is of type {row['accountType']}, not Posting"
    elif named.what is Referenced.ACCOUNT and (row["blocked"] or not row["directPosting"]):
        reason = "is blocked" if row["blocked"] else "does not allow direct posting"
        yield f"{named.rule}: NAV account {named.code} {reason}"
    elif named.what is not Referenced.ACCOUNT and str(row["blocked"]).strip() == "All":
        yield f"{named.rule}: NAV {named.what} {named.code} is blocked"
