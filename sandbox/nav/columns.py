"""Fields that many entities of the API share."""

from __future__ import annotations

from sandbox.nav.entities import Field, Kind

ALL_VERBS = frozenset({"POST", "PATCH", "DELETE"})


ID = Field("id", "guid", writable=False)
MODIFIED = Field("lastModifiedDateTime", "datetime", writable=False)


def fixed(name: str, kind: Kind, length: int = 0, options: tuple[str, ...] = ()) -> Field:
    """A field that the API only shows."""
    return Field(name, kind, length, options, writable=False)


def address(prefix: str = "") -> tuple[Field, ...]:
    """The fields of a postal address; with a prefix as documents name them."""

    def name(plain: str) -> str:
        return prefix + plain[0].upper() + plain[1:] if prefix else plain

    return (
        Field(name("addressLine1"), "text", 100),
        Field(name("addressLine2"), "text", 50),
        Field(name("city"), "text", 30),
        Field(name("state"), "text", 30),
        Field(name("country"), "code", 10),
        Field(name("postCode" if prefix else "postalCode"), "code", 20),
    )
