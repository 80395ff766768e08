"""What happens in one seed: documents and what people do with them, events, runs and what disturbs them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.world import build_world

STEPS = ("collect", "translate", "deliver", "settle")

LIVES: tuple[tuple[str, ...], ...] = (
    *[()] * 6,
    ("pay",),
    ("void",),
    ("undo",),
    ("undo", "reauthorise"),
    ("undo", "reauthorise as it was"),
    ("undo", "reauthorise", "undo", "reauthorise"),
    ("undo", "reauthorise", "void"),
    ("pay", "undo", "reauthorise"),
    ("credit",),
    ("credit", "pay"),
)
"""What people may do with an invoice, one after the other; most invoices stay as they are."""

BOUNDARIES = {"collect": 70, "translate": 60, "deliver": 120, "settle": 60}
"""About how many boundaries a step has; a seeded one beyond its last lets the step live."""

POST = r"Microsoft\.NAV\.post|PostGeneralJournal"
PATHS = {
    "nav": (
        r"/journals$|/\w+Journal$",
        POST,
        "generalLedgerEntries|G_LEntries",
        r"/journals\(|/GeneralJournal\(",
        r"\$batch|\$metadata",
        ".*",
    ),
    "cin7": ("/sale$", "/salelist", "/purchase$", "/advanced-purchase", "/purchaselist", ".*"),
}
"""Of calls over the API and over published pages."""
KINDS = ("lost_before", "lost_after", "lost_after", "lost_after", "reset", "truncated", "html", "status")
OUTAGE = 30
"""So many connections in a row are cut where a vendor restarts."""

WORLD = build_world(1)


@dataclass(frozen=True)
class Act:
    """One thing that people do in Cin7."""

    document: int
    """The how many-th invoice of the plan."""
    action: str
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """What goes wrong on the wire; see `sandbox/faults.py`."""

    side: str
    kind: str
    path: str
    times: int
    status: int | None = None


@dataclass(frozen=True)
class Interruption:
    """What happens when a step reaches its how many-th boundary: `kill` ends the process that works,
    `SIGKILL` and `SIGQUIT` end PostgreSQL, which that process has to live with, and with `change` people do
    `acts` in Cin7."""

    step: str
    boundary: int
    what: str = "kill"
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True)
class Stage:
    """What people do, which events land, and one run after it."""

    acts: tuple[Act, ...] = ()
    events: tuple[tuple[int, bool], ...] = ()
    """Of which document an event lands, and whether its id leads somewhere; in this order."""
    occasion: str = "poll"
    faults: tuple[Fault, ...] = ()
    interruption: Interruption | None = None
    together: str = ""
    """The occasion of a second run at the same time."""
    retries: int = 0
    """How often Airflow repeats a step of this run that died or failed."""
    at_once: int = 1
    """Journals on their way to NAV at the same time; with 1 a replay is exact."""
    leases_end: bool = False
    """Whether so much time passes before the run that the leases of dead runs end."""
    restart: str = ""
    """The signal that ends PostgreSQL before the run."""
    dump: bool = False
    """Our database is dumped before the run."""
    restore: bool = False
    """Our database is thrown away before the run, and the dump takes its place."""


@dataclass(frozen=True)
class Plan:
    """One seed. After its stages undisturbed runs follow until nothing moves any more."""

    seed: int
    stages: tuple[Stage, ...]


def plan(seed: int) -> Plan:
    """The plan of a seed. Every twentieth ends PostgreSQL, another twentieth restores a dump."""
    chance = random.Random(seed)
    restored = seed % 20 == 10
    stages = 3 if restored else chance.choice((2, 2, 3))
    acts: list[list[Act]] = [[] for _ in range(stages)]
    for number in range(chance.randint(2, 5)):
        # What Cin7 took back after the dump is for people to sort out in NAV: the copy never knew of it.
        life = () if restored else chance.choice(LIVES)
        when = chance.choice((0, 0, 0, 1))
        acts[when].append(made(chance, number))
        for turn, action in enumerate(life, start=1):
            when = min(stages - 1, when + chance.choice((0, 1, 1, 2)))
            acts[when].append(changed(chance, number, turn, action))
    known: list[int] = []
    found = []
    for done in acts:
        known += [act.document for act in done if act.action in ("sale", "purchase")]
        found.append(_stage(chance, done, known))
    if seed % 20 == 0:
        number, ending = chance.randrange(stages), chance.choice(("SIGKILL", "SIGQUIT"))
        if chance.random() < 0.3:
            found[number] = replace(found[number], restart=ending)
        else:
            lost = found[number].interruption
            where = replace(_interruption(chance), what=ending, acts=lost.acts if lost else ())
            found[number] = replace(found[number], interruption=where)
    if restored:
        first = chance.randrange(stages - 1)
        found[first] = replace(found[first], dump=True)
        again = chance.randrange(first + 1, stages)
        found[again] = replace(found[again], restore=True)
    return Plan(seed, tuple(found))


def restored_plan() -> Plan:
    """The database of an hour ago comes back. In the lost hour NAV posted documents, and got the lines of
    one that it did not post; now other documents come first and are given the lost hour's numbers."""
    chance = random.Random(1)
    invoices = [made(chance, number) for number in range(6)]
    no_posting = Fault("nav", "lost_before", POST, 1)
    return Plan(
        0,
        (
            Stage(tuple(invoices[:2])),
            Stage(tuple(invoices[2:4]), dump=True),
            Stage(tuple(invoices[4:5]), faults=(no_posting,)),
            Stage(tuple(invoices[5:]), events=((5, True), (3, True)), occasion="landed", restore=True),
        ),
    )


def made(chance: random.Random, number: int) -> Act:
    """An invoice of a party that NAV knows."""
    sale = chance.random() < 0.6
    people = WORLD.customers if sale else WORLD.suppliers
    party = chance.choice([one.name for one in people if one.resolves])
    body: dict[str, Any] = {
        "customer" if sale else "supplier": party,
        "type": chance.choice(("Simple", "Simple", "Advanced")),
        "location": chance.choice(WORLD.locations).name,
        "inclusive": chance.random() < 0.3,
        **contents(chance, number, 0),
    }
    if sale:
        body["channel"] = chance.choice(("Shopify", "Trade desk", "Till", None))
    return Act(number, "sale" if sale else "purchase", body)


def changed(chance: random.Random, number: int, turn: int, action: str) -> Act:
    match action:
        case "reauthorise" | "credit":
            return Act(number, action, contents(chance, number, turn))
        case "reauthorise as it was":
            return Act(number, "reauthorise")
        case _:
            return Act(number, action)


def contents(chance: random.Random, number: int, turn: int) -> dict[str, Any]:
    """Lines and charges. The amount of the first line is that of no other document of the plan, and of no
    other state of this one: amounts tell whose entries are whose."""
    amount = 1000 * (number + 1) + 100 * turn
    lines = [{"sku": "HV-0001", "quantity": "1", "price": f"{amount}.{chance.randrange(100):02}"}]
    for _ in range(chance.choice((0, 0, 1, 2))):
        price = chance.choice(("3.3333", "0.99", "7.25", "1.005"))
        discount = chance.choice(("0", "0", "12.5"))
        sku = f"HV-{chance.randint(1, 200):04}"
        lines.append(
            {"sku": sku, "quantity": str(chance.randint(1, 3)), "price": price, "discount": discount}
        )
    charges = [{"price": f"{chance.randint(5, 20)}.50"}] if chance.random() < 0.3 else []
    return {"lines": lines, "charges": charges}


def _stage(chance: random.Random, acts: list[Act], known: list[int]) -> Stage:
    events = [(number, chance.random() < 0.8) for number in known if chance.random() < 0.7]
    events += [event for event in events if chance.random() < 0.3]
    chance.shuffle(events)
    interruption = _interruption(chance) if chance.random() < 0.8 else None
    changes = [act for act in acts if act.action not in ("sale", "purchase")]
    if changes and chance.random() < 0.4:
        acts = [act for act in acts if act is not changes[-1]]
        interruption = replace(_interruption(chance), what="change", acts=(changes[-1],))
    return Stage(
        tuple(acts),
        tuple(events),
        occasion=chance.choice(("poll", "poll", "poll", "landed", "day", "named")),
        faults=tuple(fault for _ in range(chance.choice((0, 1, 1, 2))) for fault in _faults(chance)),
        interruption=interruption,
        together=chance.choice(("poll", "landed")) if chance.random() < 0.2 else "",
        retries=chance.choice((0, 1, 2)),
        at_once=chance.choice((1, 4)),
        leases_end=chance.random() < 0.5,
    )


def _faults(chance: random.Random) -> list[Fault]:
    side = chance.choice(("cin7", "nav", "nav", "nav"))
    if chance.random() < 0.1:
        return [Fault(side, "reset", ".*", OUTAGE)]
    kind = chance.choice(KINDS)
    status = chance.choice((500, 502, 503)) if kind == "status" else None
    return [Fault(side, kind, chance.choice(PATHS[side]), chance.randint(1, 3), status)]


def _interruption(chance: random.Random) -> Interruption:
    step = chance.choices(STEPS, (2, 1, 6, 2))[0]
    return Interruption(step, chance.randint(1, BOUNDARIES[step]))
