"""Transport: authentication, paths, verbs, the call limit and the shapes of refusals."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

BODY = {"Name": "New Ltd", "Status": "Active", "Currency": "GBP", "PaymentTerm": "30 days",
        "AccountPayable": "800", "TaxRule": "20% VAT on Purchases"}  # fmt: skip
KEYS = ("44444444-4444-4444-8444-444444444441", "44444444-4444-4444-8444-444444444442")


def test_a_wrong_key_is_refused_with_403(cin7: Any) -> None:
    assert cin7.call("GET", "/me", key="nonsense").status_code == 403
    assert requests.get(f"{cin7.url}/ExternalApi/v2/me", timeout=5).status_code == 403


def test_paths_and_parameter_names_ignore_case(cin7: Any) -> None:
    assert cin7.get("/REF/Tax", lImIt=2)["TaxRuleList"][1]["Name"] == "5% VAT on Sales"


def test_an_unknown_path_answers_200_with_html(cin7: Any) -> None:
    response = cin7.call("GET", "/salelists")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    cin7.settings(unknown_path="404")
    assert cin7.call("GET", "/salelists").status_code == 404


def test_a_wrong_verb_answers_405_with_a_message(cin7: Any) -> None:
    response = cin7.call("PUT", "/purchase/order", json={})
    assert response.status_code == 405
    assert response.json() == {"Message": "The requested resource does not support http method 'PUT'."}


def test_a_body_that_is_not_json_answers_500(cin7: Any) -> None:
    assert cin7.call("POST", "/sale", data="{").status_code == 500


def test_errors_come_as_array_object_or_text(cin7: Any) -> None:
    text = "Sale with specified ID not found"
    asked = {"params": {"ID": "00000000-0000-0000-0000-000000000001"}}
    assert cin7.call("GET", "/sale", **asked).json() == [{"ErrorCode": 400, "Exception": text}]
    cin7.settings(error_body="object")
    assert cin7.call("GET", "/sale", **asked).json() == {"ErrorCode": 400, "Exception": text}
    cin7.settings(error_body="text")
    assert cin7.call("GET", "/sale", **asked).text == text


class TestCallLimit:
    def test_is_60_per_key_and_refuses_in_plain_text(self, cin7: Any) -> None:
        cin7.settings(rate_limit=True)
        answers = [cin7.call("GET", "/me") for _ in range(61)]
        assert [answer.status_code for answer in answers] == [200] * 60 + [429]
        refused = answers[-1]
        assert refused.text == "You have reached 60 calls per 60 seconds API limit."
        assert refused.headers["Retry-After"] == "60 Seconds"
        assert refused.headers["x-ratelimit-remaining"] == "0"
        assert not any(name.startswith("x-ratelimit") for name in answers[0].headers)
        assert cin7.call("GET", "/me", key=KEYS[1]).status_code == 200
        assert cin7.admin("GET", "calls")["refused"] == 1

    def test_can_be_shared_by_the_account(self, cin7: Any) -> None:
        cin7.settings(rate_limit=True, rate_limit_calls=1, rate_limit_scope="account")
        assert cin7.call("GET", "/me").status_code == 200
        assert cin7.call("GET", "/me", key=KEYS[1]).status_code == 429

    def test_the_window_rolls(self, cin7: Any) -> None:
        cin7.settings(rate_limit=True, rate_limit_calls=1, rate_limit_seconds=0.2)
        assert cin7.call("GET", "/me").status_code == 200
        assert cin7.call("GET", "/me").status_code == 429
        deadline = time.monotonic() + 5
        while cin7.call("GET", "/me").status_code == 429:
            assert time.monotonic() < deadline, "never recovered"

    @pytest.mark.parametrize(
        ("style", "status", "retry_after"),
        [("429-json", 429, True), ("503", 503, False), ("400-json", 400, False), ("403", 403, False)],
    )
    def test_refuses_in_every_style_seen_in_the_field(
        self, cin7: Any, style: str, status: int, retry_after: bool
    ) -> None:
        cin7.settings(rate_limit=True, rate_limit_calls=1, rate_limit_style_by_route={"/me": style})
        cin7.call("GET", "/me")
        refused = cin7.call("GET", "/me")
        assert refused.status_code == status
        assert ("Retry-After" in refused.headers) == retry_after
        if style != "503":
            assert "calls per 60 seconds" in refused.json()[0]["Exception"]
        assert cin7.call("GET", "/ref/tax").status_code == 429


def test_the_call_log_keeps_exact_headers_and_counts(cin7: Any) -> None:
    cin7.call("GET", "/Me")
    cin7.call("GET", "/me", key=KEYS[1], params={"a": "1"})
    counts = cin7.admin("GET", "calls")
    assert counts["by_route"] == {"GET /me": 2}
    assert counts["by_key"] == {KEYS[0]: 1, KEYS[1]: 1}
    last = cin7.admin("GET", "calls/last?n=1")["calls"]
    assert [(call["method"], call["query"], call["status"]) for call in last] == [("GET", "a=1", 200)]
    assert last[0]["headers"]["api-auth-applicationkey"] == KEYS[1]
    assert ["api-auth-applicationkey", KEYS[1]] in last[0]["raw_headers"]


class TestFaults:
    def exists(self, cin7: Any) -> bool:
        return bool(cin7.get("/supplier", Name="New Ltd")["Total"])

    @pytest.mark.parametrize(
        ("kind", "applied"), [("lost_before", False), ("reset", False), ("lost_after", True)]
    )
    def test_a_lost_connection_tells_nothing_of_what_was_applied(
        self, cin7: Any, kind: str, applied: bool
    ) -> None:
        cin7.fault(kind, method="POST", path="/supplier$")
        with pytest.raises(requests.ConnectionError):
            cin7.call("POST", "/supplier", json=BODY)
        assert self.exists(cin7) == applied

    def test_no_effect_answers_as_if_applied(self, cin7: Any) -> None:
        cin7.fault("no_effect", path="/supplier$", method="POST")
        assert cin7.post("/supplier", BODY)["SupplierList"][0]["Name"] == "New Ltd"
        assert not self.exists(cin7)

    def test_a_truncated_answer_was_applied(self, cin7: Any) -> None:
        cin7.fault("truncated", path="/supplier$", method="POST")
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            cin7.call("POST", "/supplier", json=BODY)
        assert self.exists(cin7)

    def test_status_and_html_apply_nothing_and_strike_as_often_as_told(self, cin7: Any) -> None:
        cin7.fault("status", status=500, path="/supplier$", method="POST", times=2)
        cin7.fault("html", path="/me")
        assert [cin7.call("POST", "/supplier", json=BODY).status_code for _ in range(2)] == [500, 500]
        assert not self.exists(cin7)
        assert cin7.call("GET", "/me").headers["content-type"].startswith("text/html")
        assert cin7.get("/me")["Currency"] == "GBP"
        assert [fault["left"] for fault in cin7.admin("GET", "faults")["faults"]] == [0, 0]

    def test_probability_is_seeded(self, cin7: Any) -> None:
        def statuses() -> list[int]:
            cin7.admin("DELETE", "faults")
            cin7.fault("status", status=503, path="/me", times=None, probability=0.5, seed=7)
            return [cin7.call("GET", "/me").status_code for _ in range(12)]

        first = statuses()
        assert set(first) == {200, 503}
        assert statuses() == first

    def test_an_unknown_field_is_refused(self, cin7: Any) -> None:
        with pytest.raises(requests.HTTPError, match="422"):
            cin7.fault("status", pathh="/me")
