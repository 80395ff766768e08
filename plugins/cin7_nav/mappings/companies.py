"""The companies that an installation serves: `include/companies.yaml`. Without that file it serves one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from cin7_nav.mappings.files import Section
from cin7_nav.mappings.reader import MappingError, Source, check, read

FILE = "companies.yaml"
ONLY = "default"
"""The key of the one company of an installation without the file; its DAGs have no suffix."""

_KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST_KEY = 20


def _key(value: object) -> str:
    if isinstance(value, str) and _KEY.fullmatch(value) and len(value) <= _LONGEST_KEY:
        return value
    raise ValueError(
        f"a name of at most {_LONGEST_KEY} small letters, digits and single underscores, such as acme"
    )


def _name(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[\w.-]{1,200}", value):
        return value
    raise ValueError("the id of an Airflow connection, such as cin7_acme")


def _folder(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise ValueError("a folder beside this file, such as mappings/acme")


Key = Annotated[str, BeforeValidator(_key), WithJsonSchema({"type": "string"})]
ConnectionId = Annotated[str | None, BeforeValidator(_name), WithJsonSchema({"type": "string"})]
Folder = Annotated[str | None, BeforeValidator(_folder), WithJsonSchema({"type": "string"})]


class Entry(Section):
    """A Cin7 account and a NAV company that are kept in agreement."""

    cin7: ConnectionId = None
    """Airflow connection to its Cin7 account. Where not given: `cin7_<name>`."""
    nav: ConnectionId = None
    """Airflow connection to its NAV company. Where not given: `nav_<name>`."""
    webhooks: ConnectionId = None
    """Airflow connection with the receiver's public address and a secret of its own for its webhooks; by that
    secret the receiver knows whose event it is. Where not given: `cin7_nav_webhooks_<name>`."""
    mappings: Folder = None
    """Folder of its mapping files, seen from this file. Where not given: `mappings/<name>`."""


class CompaniesFile(Section):
    companies: dict[Key, Entry | None]
    """Name → what is its own. The name is the ending of its DAGs' ids. `default` has no ending, the
    connections of an installation for one company, and the folder `mappings`."""


@dataclass(frozen=True, slots=True)
class Company:
    """A Cin7 account and a NAV company that are kept in agreement, apart from all others."""

    key: str
    """By which the rows of our database are known as its own."""
    cin7: str
    nav: str
    webhooks: str
    """Ids of Airflow connections."""
    mappings: Path

    def dag_id(self, flow: str) -> str:
        """The id of its DAG for a flow."""
        return flow + self.suffix

    @property
    def tags(self) -> tuple[str, ...]:
        """By which its DAGs are found in Airflow."""
        return (self.key,) if self.suffix else ()

    @property
    def suffix(self) -> str:
        return "" if self.key == ONLY else f"__{self.key}"


class InvalidCompanies(ValueError):
    """`companies.yaml` can't be read; the text names each mistake with its line."""


def served(include: Path, environment: Mapping[str, str]) -> tuple[Company, ...]:
    """The companies of a checkout whose files lie in `include`, unless `CIN7_NAV_COMPANIES` and
    `CIN7_NAV_MAPPINGS` name others. Raises InvalidCompanies."""
    return load(
        Path(environment.get("CIN7_NAV_COMPANIES") or include / FILE),
        Path(environment.get("CIN7_NAV_MAPPINGS") or include / "mappings"),
    )


def load(file: Path, mappings: Path) -> tuple[Company, ...]:
    """The companies of `file`; where there is none the only one, with its mapping files in `mappings`.

    Raises InvalidCompanies.
    """
    if not file.exists():
        return (_company(ONLY, Entry(), file.parent, mappings),)
    source = read(file)
    found = check(source, CompaniesFile)
    if found is not None and not found.companies:
        source.errors.append(MappingError(file.name, 1, "no company", "at least one name under companies"))
    if found is None or source.errors:
        raise InvalidCompanies("; ".join(map(str, source.errors)))
    served = tuple(
        _company(key, entry or Entry(), file.parent, mappings)
        for key, entry in sorted(found.companies.items())
    )
    _refuse_shared(source, served)
    return served


def _refuse_shared(source: Source, served: tuple[Company, ...]) -> None:
    """Two companies on one Cin7 account would post each document twice, two in one NAV company would take
    each other's document numbers."""
    for what in ("cin7", "nav", "webhooks"):
        owner: dict[str, str] = {}
        for company in served:
            connection = getattr(company, what)
            other = owner.setdefault(connection, company.key)
            if other != company.key:
                source.fault(
                    ("companies", company.key),
                    f"the connection {connection} of the company {other}",
                    f"a connection of its own as `{what}`",
                )
    if source.errors:
        raise InvalidCompanies("; ".join(map(str, source.errors)))


def _company(key: str, entry: Entry, beside: Path, mappings: Path) -> Company:
    webhooks = "cin7_nav_webhooks" if key == ONLY else f"cin7_nav_webhooks_{key}"
    folder = mappings if key == ONLY else beside / "mappings" / key
    return Company(
        key,
        entry.cin7 or f"cin7_{key}",
        entry.nav or f"nav_{key}",
        entry.webhooks or webhooks,
        beside / entry.mappings if entry.mappings else folder,
    )
