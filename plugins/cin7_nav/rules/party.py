"""Which NAV customer or vendor a document belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from cin7_nav.mappings import Mappings
from cin7_nav.mappings.facts import fold
from cin7_nav.model import Fixer, Problem, RuleRef, SourceDocument


@dataclass(frozen=True, slots=True)
class ResolvedParty:
    number: str
    """NAV customer or vendor number."""
    rule: RuleRef
    how: str
    """`Cin7 ID`, `Cin7 name`, `link` or `tax number`."""


@dataclass(frozen=True, slots=True)
class TaxNumberMatch:
    """What both systems know of the tax number of a document's party, compared in `tax_number_key` form."""

    tax_number: str = ""
    """As Cin7 has it; empty when it has none, or does not know the party."""
    cin7_parties: int = 0
    """How many Cin7 customers (or suppliers) carry it, this one included."""
    nav_numbers: tuple[str, ...] = ()
    """The NAV customers (or vendors) that carry it, those left out that a person said the party never is."""
    linked: str = ""
    """NAV number of the record that the party is linked with; empty where it is with none."""
    link_id: int = 0


def tax_number_key(text: str) -> str:
    """A tax number without spaces, dots, dashes and case; empty when nothing is left."""
    return "".join(character for character in text.upper() if character.isalnum())


def resolve_party(
    document: SourceDocument, mappings: Mappings, directory: TaxNumberMatch
) -> ResolvedParty | Problem:
    """By explicit ID, else explicit name, else the record that it is linked with, else a tax number that is
    unique on both sides; never by guess."""
    section = "customers" if document.key.kind.is_sale else "suppliers"
    explicit = mappings.parties.customers if document.key.kind.is_sale else mappings.parties.suppliers
    for how, text in (("Cin7 ID", document.party_id), ("Cin7 name", document.party_name)):
        hit = explicit.get(fold(text))
        if hit:
            return ResolvedParty(hit.value, hit.rule, how)
    if directory.linked:
        return ResolvedParty(directory.linked, RuleRef("party_link", directory.link_id), "link")
    rule = mappings.parties.match_tax_number_rule.rule
    if not mappings.parties.match_tax_number:
        return _unresolved(document, section, f"{rule} turns matching by tax number off")
    if not tax_number_key(directory.tax_number):
        return _unresolved(document, section, "Cin7 has no tax number for it")
    candidates = ", ".join(sorted(directory.nav_numbers)[:5])
    if directory.cin7_parties > 1:
        found = f"{directory.cin7_parties} Cin7 {section} share its tax number"
        return _unresolved(document, section, f"{found}; candidates in NAV: {candidates or 'none'}")
    if not directory.nav_numbers:
        return _unresolved(document, section, "nobody in NAV has its tax number")
    if len(directory.nav_numbers) > 1:
        return _unresolved(document, section, f"several in NAV have its tax number: {candidates}")
    return ResolvedParty(directory.nav_numbers[0], rule, "tax number")


def _unresolved(document: SourceDocument, section: str, reason: str) -> Problem:
    party = section.removesuffix("s")
    message = f'Cin7 {party} "{document.party_name}" has no line in parties.yaml, and {reason}'
    return Problem("party_unresolved", message, f"parties.yaml, {section}", Fixer.MAPPING_EDITOR)
