"""The switches of the NAV side."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sandbox import admin
from sandbox.nav.captions import Language
from sandbox.world import COMPANY


class Settings(admin.Settings):
    """How this Business Central behaves; the defaults are a plain, well set up company."""

    company_name: str = COMPANY
    token_seconds: int = Field(3600, ge=1)
    """Lifetime of a newly issued access token, in real seconds."""
    application_enabled: bool = True
    """Whether the client id has an enabled card among the Microsoft Entra applications."""

    credential_type: Literal["AccessControlService", "NavUserPassword", "Windows"] = "AccessControlService"
    """How callers log in on-premises, by the server's setting of that name: Entra, Basic, or Windows."""
    ntlm: bool = True
    """`ServicesUseNTLMAuthentication`: whether Windows logins may use NTLM; else only Kerberos."""
    odata_enabled: bool = True
    """`ODataServicesEnabled`: switched off, every call is answered with 405."""
    api_enabled: bool = True
    """`ApiServicesEnabled`, of Business Central on-premises."""
    tenant: str = ""
    """On a server with several tenants: the one that `?tenant=` must name."""
    body_limit: int = Field(350 * 1_048_576, ge=1)
    """Bytes of a body, above which the answer is 413."""

    page_size: int = Field(20_000, ge=1)
    option_language: Language = "en-US"
    """In which language published pages show options, and take them."""
    first_batch: bool = False
    """The page `GeneralJournal` shows and writes the first template and batch, whatever is sent (seen in old
    versions of NAV)."""
    longest_text: int = Field(100, ge=1)
    """Names and descriptions on published pages hold 50 characters before Business Central 14."""
    lacking_columns: frozenset[str] = frozenset()
    """Columns that published pages of this version do not have, as `Page.Column`."""
    unpublished: frozenset[str] = frozenset()
    """Pages that the administrator has not published, by service name."""
    journal_posting_action: bool = False
    """Whether the company has published a codeunit of its own that posts general journal lines."""
    duplicate_key_status: Literal[400, 409] = 400
    expand_on_insert: bool = True
    """Whether `$expand` on a POST widens its answer."""

    allow_posting_from: str | None = None
    """ISO date; null: the first day of the previous month. Empty: no limit."""
    allow_posting_to: str = ""
    user_posting_from: str = ""
    """User Setup of our own user: ISO date from which it may post. With either of the two it wins over the
    company's range; the API shows neither."""
    user_posting_to: str = ""
    force_doc_balance: bool = True
    copy_vat_setup: bool = False
    """Whether journal lines on accounts with a general posting type become VAT lines."""
    batch_number_series: bool = False
    """Journal batches have a No. Series (`GJNL-GEN`), so posting leaves no blank line."""
    manual_numbers: bool = True
    """With `batch_number_series`: whether other numbers than the next one are accepted."""
    posting_number_series: bool = False
    """Journal batches have a Posting No. Series: entries get a number `G…` of their own."""
    increment_batch_name: bool = False
    external_document_mandatory: bool = False
    """Purchases & Payables Setup, Sales & Receivables Setup: Ext. Doc. No. Mandatory."""
    party_number_series: bool = True
    """Sales & Receivables Setup, Purchases & Payables Setup: Customer Nos., Vendor Nos."""
    party_templates: bool = True
    """New customers and vendors get posting groups from a template; without, nothing is posted on them."""
    automatic_cost_posting: bool = False
    """Inventory Setup: item postings write their cost to the G/L, under the item document's number."""
    direct_cost_applied_account: str = "7190"
    """General Posting Setup: what the cost of received goods is credited to."""
    adjustment_accounts: dict[str, str] = Field({"": "7170", "CIN7-PURCH": "5450", "CIN7-SALE": "7110"})
    """General Posting Setup: the inventory adjustment account of each general business posting group."""
    prevent_negative_inventory: bool = False
    """Inventory Setup: an item cannot leave a location that does not hold enough of it."""
    location_mandatory: bool = False
    """Inventory Setup: Location Mandatory."""
    inventory_closed_until: str = ""
    """ISO date: the end of the last closed inventory period."""
    item_posting_action: bool = True
    """Whether the company has published a codeunit of its own that posts item journals."""

    post_with_job_queue: bool = False
    job_queue_seconds: float | None = Field(None, ge=0)
    """Simulated seconds after which scheduled documents are posted; null: only by the admin call."""
    approval: bool = False
    """A journal batch approval workflow is on: nothing posts before somebody approved it."""

    latency_seconds: float = Field(0.0, ge=0)
    """Real time that every call takes while it holds its place among the concurrent ones."""
    throttle: bool = False
    throttle_concurrent: int = Field(5, ge=1)
    throttle_queue: int = Field(95, ge=0)
    throttle_calls: int = Field(6000, ge=1)
    throttle_window_seconds: float = Field(300.0, gt=0)
    retry_after: bool = True
    """Whether a 429 says when to come again."""

    notification_delay_seconds: float = Field(30.0, ge=0)
    notification_maximum: int = Field(1000, ge=1)
    """More changes than this for one subscription become one of type `collection`."""
    subscription_days: float = Field(3.0, gt=0)
    subscription_limit: int = Field(200, ge=0)
