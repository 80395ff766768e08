"""Webhook subscriptions, payloads and the delivery ladder, to a real receiver."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests


def hook(receiver: Any, kind: str, **more: Any) -> dict[str, Any]:
    return {"Type": kind, "IsActive": True, "ExternalURL": f"{receiver.url}/{kind}",
            "ExternalAuthorizationType": "noauth", **more}  # fmt: skip


def subscribe(cin7: Any, receiver: Any, kind: str, **more: Any) -> Any:
    return cin7.post("/webhooks", hook(receiver, kind, **more))["Webhooks"][0]


def until(condition: Any) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class TestSubscriptions:
    def test_secrets_are_shown_in_clear_and_a_put_replaces_everything(self, cin7: Any, receiver: Any) -> None:
        bearer = {"ExternalAuthorizationType": "bearerauth", "ExternalBearerToken": "t0ken"}
        made = subscribe(cin7, receiver, "Sale/Undo", ExternalHeaders=[{"Key": "x", "Value": "y"}], **bearer)
        assert cin7.get("/webhooks")["Webhooks"] == [made]
        assert (made["ExternalBearerToken"], made["Name"]) == ("t0ken", "Sale has been undone")
        put = hook(receiver, "Sale/Undo", ID=made["ID"], ExternalAuthorizationType="bearerauth")
        replaced = cin7.put("/webhooks", put)["Webhooks"][0]
        assert (replaced["ExternalBearerToken"], replaced["ExternalHeaders"]) == (None, [])

    def test_five_per_type_are_allowed(self, cin7: Any, receiver: Any) -> None:
        for _ in range(5):
            subscribe(cin7, receiver, "Sale/Undo")
        assert cin7.refusal("POST", "/webhooks", hook(receiver, "Sale/Undo"))[0] == 400
        subscribe(cin7, receiver, "Sale/Voided")

    def test_delete_removes_one(self, cin7: Any, receiver: Any) -> None:
        made = subscribe(cin7, receiver, "Sale/Undo")
        assert cin7.delete("/webhooks", ID=made["ID"]) == {"Webhooks": []}
        assert cin7.get("/webhooks") == {"Webhooks": []}
        assert cin7.refusal("DELETE", "/webhooks", ID=made["ID"])[0] == 400

    @pytest.mark.parametrize(
        "wrong",
        [{"Type": "Sale/InvoiceAuthorized"}, {"ExternalAuthorizationType": "hmac"}, {"ExternalURL": None}],
    )
    def test_a_senseless_one_is_refused(self, cin7: Any, receiver: Any, wrong: dict[str, Any]) -> None:
        assert cin7.refusal("POST", "/webhooks", hook(receiver, "Sale/Undo") | wrong)[0] == 400


class TestAuthorisation:
    def test_bearer_and_static_headers(self, cin7: Any, receiver: Any) -> None:
        bearer = {"ExternalAuthorizationType": "bearerauth", "ExternalBearerToken": "t0ken"}
        headers = [{"Key": "X-Marker", "Value": "seven"}]
        subscribe(cin7, receiver, "Sale/Created", ExternalHeaders=headers, **bearer)
        cin7.admin("POST", "sale-invoice", {})
        _, sent, _ = receiver.wait_for(1)[0]
        assert (sent["Authorization"], sent["X-Marker"]) == ("Bearer t0ken", "seven")
        assert sent["Content-Type"] == "application/json"

    def test_basic(self, cin7: Any, receiver: Any) -> None:
        basic = {"ExternalAuthorizationType": "basicauth", "ExternalUserName": "u", "ExternalPassword": "p"}
        subscribe(cin7, receiver, "Sale/Created", **basic)
        cin7.admin("POST", "sale-invoice", {})
        assert receiver.wait_for(1)[0][1]["Authorization"] == "Basic dTpw"


class TestPayloads:
    def test_a_sale_invoice_names_the_sale_not_the_document(self, cin7: Any, receiver: Any) -> None:
        subscribe(cin7, receiver, "Sale/InvoiceAuthorised")
        made = cin7.admin("POST", "sale-invoice", {"type": "Advanced", "customer": "Garden O'Clock"})
        path, _, body = receiver.wait_for(1)[0]
        assert path == "/Sale/InvoiceAuthorised"
        assert body["SaleTaskID"] == made["order_id"] != made["task_id"]
        assert (body["OrderNumber"], body["InvoiceNumber"]) == (made["order_number"], made["number"])
        assert (body["CustomerName"], body["EventType"]) == ("Garden O'Clock", "Sale/InvoiceAuthorised")

    @pytest.mark.parametrize(("switch", "field"), [("order", "order_id"), ("document", "task_id")])
    def test_a_purchase_invoice_carries_either_id_and_no_supplier(
        self, cin7: Any, receiver: Any, switch: str, field: str
    ) -> None:
        cin7.settings(webhook_purchase_task_id=switch)
        subscribe(cin7, receiver, "Purchase/InvoiceAuthorised")
        made = cin7.admin("POST", "purchase-invoice", {"type": "Advanced"})
        body = receiver.wait_for(1)[0][2]
        assert body["TaskID"] == made[field]
        assert body["SupplierName"] is None
        assert body["InvoiceNumber"] == made["number"]

    def test_a_credit_note_number_has_a_trailing_space(self, cin7: Any, receiver: Any) -> None:
        subscribe(cin7, receiver, "Sale/CreditNoteAuthorised")
        made = cin7.admin("POST", "sale-invoice", {})
        cin7.admin("POST", f"invoice/{made['task_id']}/credit")
        assert receiver.wait_for(1)[0][2]["CreditNoteNumber"] == "CR-00001 "

    def test_undo_and_reauthorise_repeat_the_same_bytes(self, cin7: Any, receiver: Any) -> None:
        subscribe(cin7, receiver, "Sale/InvoiceAuthorised")
        made = cin7.admin("POST", "sale-invoice", {})
        cin7.admin("POST", f"invoice/{made['task_id']}/undo")
        cin7.admin("POST", f"invoice/{made['task_id']}/reauthorise", {"lines": [{"quantity": 7}]})
        first, second = receiver.wait_for(2)
        assert first[2] == second[2]

    def test_payments_tell_partial_and_full(self, cin7: Any, receiver: Any) -> None:
        subscribe(cin7, receiver, "Sale/PartialPaymentReceived")
        subscribe(cin7, receiver, "Sale/FullPaymentReceived")
        made = cin7.admin("POST", "sale-invoice", {"lines": [{"price": "10", "tax_rule": "No VAT"}]})
        cin7.admin("POST", f"invoice/{made['task_id']}/pay", {"amount": "2.5"})
        assert receiver.wait_for(1)[0][2]["AmountPercent"] == "25.00"
        cin7.admin("POST", f"invoice/{made['task_id']}/pay")
        assert "AmountPercent" not in receiver.wait_for(2)[1][2]

    def test_a_customer_update_is_flat_and_its_stamp_has_no_z(self, cin7: Any, receiver: Any) -> None:
        subscribe(cin7, receiver, "Customer/Updated")
        party = cin7.get("/customer", Name="Birch")["CustomerList"][0]
        cin7.put("/customer", {"ID": party["ID"], "Comments": "x"})
        details = receiver.wait_for(1)[0][2]["CustomerDetailsList"][0]
        assert details["Customer"]["ID"] == party["ID"]
        assert not details["Customer"]["LastModifiedOn"].endswith("Z")
        assert "Addresses" not in details["Customer"]

    def test_a_void_of_an_invoice_is_silent(self, cin7: Any, receiver: Any) -> None:
        for kind in ("Sale/Undo", "Sale/Voided", "Sale/InvoiceAuthorised"):
            subscribe(cin7, receiver, kind)
        made = cin7.admin("POST", "sale-invoice", {"announce": False})
        cin7.admin("POST", f"invoice/{made['task_id']}/void")
        assert cin7.admin("GET", "webhooks")["pending"] == 0
        assert receiver.received == []

    def test_guids_may_come_in_upper_case(self, cin7: Any, receiver: Any) -> None:
        cin7.settings(webhook_upper_case=True)
        subscribe(cin7, receiver, "Sale/InvoiceAuthorised")
        made = cin7.admin("POST", "sale-invoice", {})
        assert receiver.wait_for(1)[0][2]["SaleTaskID"] == made["order_id"].upper()


class TestDelivery:
    def test_six_failures_deactivate_silently_and_later_events_are_lost(
        self, cin7: Any, receiver: Any
    ) -> None:
        receiver.status = 401
        subscribe(cin7, receiver, "Sale/Created")
        cin7.admin("POST", "sale-invoice", {})
        until(lambda: cin7.admin("GET", "webhooks")["failed"] == 1)
        assert len(receiver.received) == 6
        assert cin7.get("/webhooks")["Webhooks"][0]["IsActive"] is False
        receiver.status = 200
        cin7.admin("POST", "sale-invoice", {})
        assert cin7.admin("GET", "webhooks")["pending"] == 0

    def test_a_retry_that_succeeds_is_enough(self, cin7: Any, receiver: Any) -> None:
        receiver.status = 500
        subscribe(cin7, receiver, "Sale/Created")
        cin7.admin("POST", "sale-invoice", {})
        receiver.wait_for(1)
        receiver.status = 200
        until(lambda: cin7.admin("GET", "webhooks")["delivered"] == 1)
        assert cin7.get("/webhooks")["Webhooks"][0]["IsActive"] is True

    def test_nothing_is_sent_before_the_first_delay(self, cin7: Any, receiver: Any) -> None:
        cin7.settings(webhook_first_delay=30)
        subscribe(cin7, receiver, "Sale/Created")
        cin7.admin("POST", "sale-invoice", {})
        assert cin7.admin("GET", "webhooks")["pending"] == 1
        assert receiver.received == []

    def test_duplicates_and_spread_are_switches(self, cin7: Any, receiver: Any) -> None:
        cin7.settings(webhook_duplicates=True)
        subscribe(cin7, receiver, "Sale/Created")
        cin7.admin("POST", "sale-invoice", {})
        first, second = receiver.wait_for(2)
        assert first[2] == second[2]
        cin7.settings(webhook_duplicates=False, webhook_spread=0.3)
        numbers = [cin7.admin("POST", "sale-invoice", {})["order_number"] for _ in range(8)]
        arrived = [body["SaleOrderNumber"] for *_, body in receiver.wait_for(10)[2:]]
        assert sorted(arrived) == numbers
        assert arrived != numbers

    def test_changes_through_the_api_may_be_silent(self, cin7: Any, receiver: Any) -> None:
        cin7.settings(webhook_api_changes=False)
        subscribe(cin7, receiver, "Sale/Created")
        cin7.post("/sale", {"Customer": "Birch & Bramble", "Location": "London"})
        assert cin7.admin("GET", "webhooks")["pending"] == 0

    def test_one_event_can_be_fired_by_hand(self, cin7: Any, receiver: Any) -> None:
        cin7.settings(webhook_first_delay=30)
        subscribe(cin7, receiver, "Sale/Undo")
        made = cin7.admin("POST", "sale-invoice", {"announce": False})
        asked = {"type": "Sale/Undo", "order_id": made["order_id"]}
        assert cin7.admin("POST", "fire", asked) == {"sent": 1}
        assert receiver.wait_for(1)[0][2]["SaleID"] == made["order_id"]
        cin7.admin("POST", "fire", {"type": "Sale/Undo", "payload": [1]})
        assert receiver.wait_for(2)[1][2] == [1]
        with pytest.raises(requests.HTTPError, match="400"):
            cin7.admin("POST", "fire", {"type": "Sale/Nothing"})
