"""Cin7Hook against a vendor that answers by script."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests
from airflow.sdk import Connection
from cin7_nav.hooks.cin7 import Cin7Hook, timestamp
from cin7_nav.hooks.errors import (
    CallLimit,
    Misconfigured,
    NotFound,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from cin7_nav.model import Fixer

LIMIT = "You have reached 60 calls per 60 seconds API limit."
MakeCin7 = Callable[..., Cin7Hook]


def test_sends_exactly_these_headers_and_no_extra_of_the_connection(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.says({"Company": "X"})
    make_cin7(calls_per_minute=0, timeout_s=5).me()
    (call,) = vendor.calls
    assert call.headers.pop("Host") in vendor.url
    assert call.headers.pop("User-Agent").startswith("cin7-nav/")
    assert call.headers == {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "Connection": "keep-alive",
        "api-auth-accountid": "the-account-id",
        "api-auth-applicationkey": "the-application-key",
    }


def test_environment_and_netrc_change_nothing(
    vendor: Any, make_cin7: MakeCin7, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    vendor.says({"Company": "X"})
    assert make_cin7().me() == {"Company": "X"}
    assert "Authorization" not in vendor.calls[0].headers


def test_all_hooks_of_a_process_share_one_session_that_keeps_no_cookie(
    vendor: Any, make_cin7: MakeCin7
) -> None:
    vendor.says({"Company": "X"}, headers={"Set-Cookie": "a=b"})
    vendor.says({"Company": "X"})
    first, second = make_cin7(), make_cin7()
    first.me()
    second.me()
    assert first.get_conn() is second.get_conn()
    assert "Cookie" not in vendor.calls[1].headers


def test_a_redirect_is_not_followed(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.says(status=302, headers={"Location": f"{vendor.url}/elsewhere"})
    with pytest.raises(Misconfigured, match="redirects"):
        make_cin7().me()
    assert len(vendor.calls) == 1


def test_numbers_are_decimals(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.says('{"ID": "s", "Total": 0.1000000000000000055511151231257827}')
    assert make_cin7().sale("s")["Total"] == Decimal("0.1000000000000000055511151231257827")


def test_decimals_are_written_exactly(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.says({"ok": 1})
    make_cin7().write("PUT", "/customer", body={"CreditLimit": Decimal("1234567890123456.10")})
    assert vendor.calls[0].body == b'{"CreditLimit":1234567890123456.10}'


@pytest.mark.parametrize(
    "refusal",
    [
        {
            "body": LIMIT,
            "status": 429,
            "content_type": "text/plain",
            "headers": {"Retry-After": "60 Seconds"},
        },
        {
            "body": [{"ErrorCode": 429, "Exception": LIMIT}],
            "status": 429,
            "headers": {"Retry-After": "30 sec"},
        },
        {"body": LIMIT, "status": 503},
        {"body": "The service is unavailable.", "status": 503},
        {"body": [{"ErrorCode": 400, "Exception": LIMIT}], "status": 400},
        {"body": [{"ErrorCode": 403, "Exception": LIMIT}], "status": 403},
    ],
)
def test_a_limit_refusal_in_any_form_rests_the_key_and_uses_another(
    vendor: Any, make_cin7: MakeCin7, naps: list[float], refusal: dict[str, Any]
) -> None:
    vendor.says(**refusal)
    vendor.says({"Company": "X"})
    vendor.says({"Company": "X"})
    hook = make_cin7(application_keys=["another-key"])
    assert hook.me() == hook.me() == {"Company": "X"}
    refused, *others = [call.headers["api-auth-applicationkey"] for call in vendor.calls]
    assert {*others} == {"the-application-key", "another-key"} - {refused}
    assert sum(naps) == 0


def test_an_only_key_that_was_refused_is_waited_for_as_long_as_cin7_said(
    vendor: Any, make_cin7: MakeCin7, naps: list[float]
) -> None:
    vendor.says(LIMIT, 429, headers={"Retry-After": "7 Seconds"})
    vendor.says({"Company": "X"})
    assert make_cin7().me() == {"Company": "X"}
    assert sum(naps) == pytest.approx(7, abs=0.01)


def test_a_write_refused_by_the_limit_is_sent_again_for_it_was_certainly_not_done(
    vendor: Any, make_cin7: MakeCin7
) -> None:
    vendor.says(LIMIT, 429, content_type="text/plain")
    vendor.says({"Webhooks": [{"ID": "1"}]})
    assert make_cin7(application_keys=["another-key"]).create_webhook({"Type": "Sale/Voided"}) == {"ID": "1"}
    assert [call.method for call in vendor.calls] == ["POST", "POST"]


def test_a_limit_that_never_ends_is_named(vendor: Any, make_cin7: MakeCin7) -> None:
    keys = [f"key-{number}" for number in range(10)]
    vendor.says(LIMIT, 429, times=20)
    with pytest.raises(CallLimit):
        make_cin7(application_keys=keys).me()
    assert len(vendor.calls) == 5


@pytest.mark.parametrize("status", [500, 502, 504, 408])
def test_a_read_is_repeated_after_a_server_error(vendor: Any, make_cin7: MakeCin7, status: int) -> None:
    vendor.says("oops", status)
    vendor.says({"Company": "X"})
    assert make_cin7().me() == {"Company": "X"}


def test_a_read_is_repeated_after_a_lost_answer_but_not_for_ever(
    vendor: Any, make_cin7: MakeCin7, naps: list[float]
) -> None:
    vendor.loses(times=9)
    with pytest.raises(Unavailable, match="lost"):
        make_cin7().me()
    assert len(vendor.calls) == 5
    assert naps == [1, 2, 4, 8]


@pytest.mark.parametrize("fault", [{"cut": -1}, *({"status": status} for status in (408, 500, 503, 504))])
def test_the_outcome_of_a_write_without_an_answer_is_unknown_and_it_is_not_sent_again(
    vendor: Any, make_cin7: MakeCin7, fault: dict[str, Any]
) -> None:
    vendor.says(**fault)
    with pytest.raises(OutcomeUnknown):
        make_cin7().create_webhook({"Type": "Sale/Voided"})
    assert len(vendor.calls) == 1


@pytest.mark.parametrize("body", ["<html>Page not found</html>", '{"Webhooks": ['])
def test_an_unreadable_answer_to_a_write_leaves_its_outcome_unknown(
    vendor: Any, make_cin7: MakeCin7, body: str
) -> None:
    vendor.says(body, content_type="text/html")
    with pytest.raises(OutcomeUnknown, match="web page"):
        make_cin7().create_webhook({"Type": "Sale/Voided"})


def test_a_lost_answer_to_a_repeatable_write_is_unavailable(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.loses()
    with pytest.raises(Unavailable):
        make_cin7().update_webhook({"ID": "1"})


def test_a_truncated_answer_is_a_lost_one(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.says({"Company": "X" * 100}, cut=20, times=5)
    with pytest.raises(Unavailable, match="lost"):
        make_cin7().me()


def test_an_unknown_path_that_answers_200_with_a_web_page_is_named(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.says("<html>Page not found</html>", content_type="text/html; charset=utf-8", times=5)
    with pytest.raises(Unavailable, match=r"200 with a web page, .* for /ExternalApi/v2/salelist"):
        make_cin7().get("/salelist", Search="secret")


def test_nobody_listening_means_that_nothing_was_sent(make_cin7: MakeCin7, vendor: Any) -> None:
    connection = Connection(
        conn_id="c", conn_type="cin7", host="http://127.0.0.1:9", login="account", password="application-key"
    )
    with pytest.raises(Unavailable, match="nothing was sent"):
        Cin7Hook(connection=connection, sleep=lambda _: None).create_webhook({})


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ([{"ErrorCode": 400, "Exception": "Sale with specified ID not found"}], 400, NotFound),
        ({"ErrorCode": 404, "Exception": "Category not found."}, 404, NotFound),
        ([{"ErrorCode": 400, "Exception": "Location 'X' was not found"}], 400, Refused),
        ([{"ErrorCode": 400, "Exception": "Location 'X' was not found"}], 200, Refused),
        ({"Message": "does not support http method 'PUT'."}, 405, Refused),
        ("plain text", 400, Refused),
    ],
)
def test_refusals_keep_the_words_of_cin7(
    vendor: Any, make_cin7: MakeCin7, body: Any, status: int, error: type[Refused]
) -> None:
    vendor.says(body, status)
    with pytest.raises(Refused) as caught:
        make_cin7().sale("x")
    assert type(caught.value) is error
    said = body if isinstance(body, str) else json.dumps(body)
    assert str(caught.value).removeprefix("Cin7 refused: ") in said or "status 400" in str(caught.value)


def test_wrong_credentials_are_named_after_every_key_was_tried(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.says([{"ErrorCode": 403, "Exception": "no"}], 403, times=9)
    with pytest.raises(Misconfigured, match="application key") as caught:
        make_cin7(application_keys=["another-key"]).me()
    assert caught.value.fixer is Fixer.DATA_TEAM
    assert len({call.headers["api-auth-applicationkey"] for call in vendor.calls}) == 2


def test_a_403_that_goes_away_was_only_a_throttle(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.says("", 403)
    vendor.says({"Company": "X"})
    assert make_cin7(application_keys=["another-key"]).me() == {"Company": "X"}


def test_pages_are_read_until_the_total_even_when_they_are_short(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.says({"Total": 3, "Page": 1, "SaleList": [{"SaleID": 1}, {"SaleID": 2}]})
    vendor.says({"Total": 3, "Page": 2, "SaleList": [{"SaleID": 3}]})
    assert [row["SaleID"] for row in make_cin7().sale_list()] == [1, 2, 3]
    assert [call.path for call in vendor.calls] == [
        "/ExternalApi/v2/saleList?Page=1&Limit=1000",
        "/ExternalApi/v2/saleList?Page=2&Limit=1000",
    ]


def test_an_empty_page_ends_a_list_whose_total_is_wrong(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.says({"Total": 9, "AccountsList": [{"Code": "200"}]})
    vendor.says({"Total": 9, "AccountsList": []})
    assert len(list(make_cin7().accounts())) == 1


def test_a_list_under_another_name_is_refused(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.says({"Total": 1, "Accounts": [{}]})
    with pytest.raises(Unavailable, match="AccountsList"):
        list(make_cin7().accounts())


def test_a_filter_that_cin7_ignored_is_noticed(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.says({"Total": 1, "PurchaseList": [{"ID": "p", "LastUpdatedDate": "2026-01-01T00:00:00.75Z"}]})
    since = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    with pytest.raises(Misconfigured, match="UpdatedSince"):
        list(make_cin7().purchase_list(since))
    assert "UpdatedSince=2026-01-02T00%3A00%3A00.000" in vendor.calls[0].path


def test_a_search_keeps_exact_matches_only(vendor: Any, make_cin7: MakeCin7) -> None:
    rows = [
        {"SaleID": 1, "OrderNumber": "SO-1", "InvoiceNumber": "INV-10 "},
        {"SaleID": 2, "OrderNumber": "SO-2", "InvoiceNumber": "INV-101"},
        {"SaleID": 3, "OrderNumber": "SO-3", "InvoiceNumber": None, "CreditNoteNumber": "inv-10"},
    ]
    vendor.says({"Total": 3, "SaleList": rows})
    assert [row["SaleID"] for row in make_cin7().search_sale("INV-10")] == [1, 3]


def test_transactions_include_both_ends_of_the_range(vendor: Any, make_cin7: MakeCin7) -> None:
    rows = [{"EffectiveDate": f"2026-03-0{day}T00:00:00"} for day in (1, 2, 3, 4)]
    vendor.says({"Total": 4, "Transactions": rows})
    found = make_cin7().transactions(dt.date(2026, 3, 2), dt.date(2026, 3, 3))
    assert [row["EffectiveDate"][:10] for row in found] == ["2026-03-02", "2026-03-03"]
    assert "FromDate=2026-03-01" in vendor.calls[0].path
    assert "ToDate=2026-03-04" in vendor.calls[0].path


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-01-02T03:04:05", 0),
        ("2026-01-02T03:04:05Z", 0),
        ("2026-01-02T03:04:05.75Z", 750000),
        ("2026-01-02T03:04:05.1234567", 123456),
    ],
)
def test_timestamps_are_read_with_any_number_of_digits(text: str, microsecond: int) -> None:
    assert timestamp(text) == dt.datetime(2026, 1, 2, 3, 4, 5, microsecond, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/sale"), ("DELETE", "/purchase"), ("GET", "/webhooks")]
)
def test_nothing_else_can_be_written(vendor: Any, make_cin7: MakeCin7, method: str, path: str) -> None:
    with pytest.raises(PermissionError):
        make_cin7().write(method, path)
    assert vendor.calls == []


def test_deleting_a_webhook_that_is_gone_is_no_error(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.says([{"ErrorCode": 404, "Exception": "Webhook not found"}], 404)
    make_cin7().delete_webhook("1")


def test_the_connection_test_tries_every_key(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.says({"Company": "Harbour"})
    vendor.says([], 403)
    ok, said = make_cin7(application_keys=["another-key"]).test_connection()
    assert not ok
    assert "data team" in said
    vendor.says({"Company": "Harbour"})
    assert make_cin7().test_connection()[0]


def test_airflows_own_entrance_only_reads(vendor: Any, make_cin7: MakeCin7) -> None:
    vendor.says({"Company": "X"})
    hook = make_cin7()
    hook.method = "POST"
    assert hook.run("/me") == {"Company": "X"}
    assert vendor.calls[0].method == "GET"
    with pytest.raises(TypeError):
        hook.get_conn({"X-Header": "1"})


@pytest.mark.parametrize(
    ("host", "extra", "said"),
    [
        ("http://example.com", {}, "https"),
        ("https://user:pw@example.com", {}, "plain address"),
        ("https://example.com", {"call_per_minute": 1}, "call_per_minute"),
        ("https://example.com", {"limit_scope": "planet"}, "limit_scope"),
    ],
)
def test_a_wrong_connection_is_refused_in_words(host: str, extra: dict[str, Any], said: str) -> None:
    connection = Connection(
        conn_id="c", conn_type="cin7", host=host, login="a", password="key-secret", extra=json.dumps(extra)
    )
    with pytest.raises(Misconfigured, match=said) as caught:
        Cin7Hook(connection=connection)
    assert "key-secret" not in str(caught.value)


def test_secrets_are_masked_and_not_shown(make_cin7: MakeCin7, monkeypatch: pytest.MonkeyPatch) -> None:
    masked: list[Any] = []
    monkeypatch.setattr("cin7_nav.hooks.cin7.mask_secret", masked.append)
    hook = make_cin7(application_keys=["another-key"])
    assert masked == ["the-application-key", "another-key"]
    assert "key" not in repr(hook.settings)
    assert isinstance(hook.get_conn(), requests.Session)
