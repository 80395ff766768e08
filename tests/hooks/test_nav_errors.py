"""What only posting reveals, told like what is foreseen: a code, NAV's own words, and who can mend it."""

from __future__ import annotations

import pytest
from cin7_nav.hooks.errors import Refused
from cin7_nav.hooks.nav_errors import REFUSED, nav_refusal
from cin7_nav.model import Fixer


@pytest.mark.parametrize(
    ("said", "kind", "fixer"),
    [
        (
            "A dimension used in Gen. Journal Line CIN7, C7A, 10000 has caused an error. Select a Dimension "
            "Value Code for the Dimension Code REGION for G/L Account 8410.",
            "_dimension",
            Fixer.MAPPING_EDITOR,
        ),
        (
            "The combination of dimensions used in Gen. Journal Line CIN7, C7A, 10000 is blocked. Dimensions "
            "REGION and CHANNEL can't be used concurrently.",
            "_dimension",
            Fixer.MAPPING_EDITOR,
        ),
        ("Dimension Value REGION - NORTH is blocked.", "_dimension", Fixer.MAPPING_EDITOR),
        (
            "Posting Date is not within your range of allowed posting dates in Gen. Journal Line Journal "
            "Template Name='CIN7',Journal Batch Name='C7A',Line No.='10000'.",
            "_date",
            Fixer.NAV_ADMINISTRATOR,
        ),
        (
            "You cannot post this type of document when Customer C1 is blocked with type All",
            "_blocked",
            Fixer.NAV_ADMINISTRATOR,
        ),
        (
            "Direct Posting must be equal to 'Yes'  in G/L Account: No.=2910. Current value is 'No'.",
            "_blocked",
            Fixer.NAV_ADMINISTRATOR,
        ),
        ("Purchase   EXT-1 already exists for this vendor.", "_external_number", Fixer.ACCOUNTANT),
        ("Purchase Invoice 586265 already exists for this vendor.", "_external_number", Fixer.ACCOUNTANT),
        ("Sales Invoice C7S-1 already exists.", "_external_number", Fixer.ACCOUNTANT),
        (
            "Document No. C7-1 is out of balance by 10. Please check that Posting Date, Document Type, "
            "Document No. and Amount are correct for each line.",
            "_balance",
            Fixer.DATA_TEAM,
        ),
        (
            "Posting to Account 6110 must either be of type Purchase or Sale (see Gen. Posting Type), "
            "because there are specified values in one of the following fields: VAT Prod. Posting Group",
            "_posting_setup",
            Fixer.NAV_ADMINISTRATOR,
        ),
        (
            "The VAT Posting Setup does not exist. Identification fields and values: "
            "VAT Bus. Posting Group=''",
            "_posting_setup",
            Fixer.NAV_ADMINISTRATOR,
        ),
        (
            "You cannot use Gen. Journal Batch: CIN7,C7A for this action.\\\\The restriction was imposed "
            "because the journal batch requires approval.",
            "_approval",
            Fixer.ACCOUNTANT,
        ),
        (
            "You do not have the following permissions on TableData G/L Entry: Insert.",
            "_permission",
            Fixer.NAV_ADMINISTRATOR,
        ),
        ("Something that an extension says.", "", Fixer.NAV_ADMINISTRATOR),
    ],
)
def test_a_refusal_is_told_by_its_kind_in_navs_own_words(said: str, kind: str, fixer: Fixer) -> None:
    problem = nav_refusal(Refused(said, status=400), "NAV document C7S-1")
    assert (problem.code, problem.fixer) == (REFUSED + kind, fixer)
    assert problem.message == f"NAV refused it: {said}"
    assert problem.where == "NAV document C7S-1"
