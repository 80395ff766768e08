"""The switches of the Cin7 side. Where the vendor's behaviour is disputed, each known variant is a value."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sandbox.admin import Settings

LimitStyle = Literal["429-text", "429-json", "503", "400-json", "403"]


class Cin7Settings(Settings):
    """Changed by `PATCH /_sandbox/settings`; a reset restores these defaults."""

    rate_limit: bool = True
    rate_limit_calls: int = Field(default=60, ge=1)
    rate_limit_seconds: float = Field(default=60.0, gt=0)
    """Length of the rolling window, real seconds."""
    rate_limit_scope: Literal["key", "account"] = "key"
    rate_limit_style: LimitStyle = "429-text"
    rate_limit_style_by_route: dict[str, LimitStyle] = Field(default_factory=dict)
    """Overrides by lower-case route, e.g. `{"/purchase": "400-json"}`."""

    error_body: Literal["array", "object", "text"] = "array"
    unknown_path: Literal["html", "404"] = "html"
    tax_calculation_method: Literal["Row Total", "Total"] = "Row Total"
    line_decimals: Literal[2, 4] = 2
    """Decimals of a line's Total."""
    lock_date: str | None = None
    """`yyyy-MM-dd`: documents dated on or before it cannot be authorised, undone or voided."""
    standalone_in_lists: Literal["credit_note_list", "both"] = "credit_note_list"
    """Whether saleList and purchaseList show stand-alone credit notes too (the vendor does not say)."""
    accrued_inventory: bool = False
    """Cin7's Accrued Inventory feature: goods received and not invoiced go through an accrual account."""
    voided_lines: Literal["kept", "emptied"] = "kept"
    voids_bump_updated: bool = True
    """Whether void and undo touch the order's modification stamp (the vendor does not say)."""
    transaction_task_id: Literal["document", "order"] = "document"
    invoice_number_spelling: Literal["InvocieNumber", "InvoiceNumber"] = "InvocieNumber"
    """How `/purchase` spells the invoice number: the portal's samples have the misspelt one."""
    zero_availability_rows: Literal["omitted", "present"] = "omitted"
    opening_stock: Literal["seeded", "none"] = "seeded"
    """Whether the warehouses hold something before the first movement."""
    stock_list_order: Literal["oldest_first", "newest_first"] = "oldest_first"
    """Of adjustments, stock takes and transfers (the vendor does not say)."""
    list_limit_cap: int = Field(default=1000, ge=1)
    """The most rows a list page holds, whatever `Limit` asks for."""

    webhook_first_delay: float | None = Field(default=None, ge=0)
    """Real seconds before the first attempt; null: Cin7's 60 s, scaled."""
    webhook_timeout: float = Field(default=10.0, gt=0)
    webhook_duplicates: bool = False
    """Deliver each event twice."""
    webhook_spread: float = Field(default=0.0, ge=0)
    """Up to so many real seconds are added to each first attempt, so that events arrive out of order."""
    webhook_upper_case: bool = False
    """GUIDs in upper case."""
    webhook_purchase_task_id: Literal["order", "document"] = "order"
    """Which id purchase invoice, receipt and credit-note events carry: the documented or the observed one."""
    webhook_api_changes: bool = True
    """Whether changes made through the API fire events, as changes in the user interface do."""
