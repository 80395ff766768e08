"""Airflow knows the two connection types, and their forms ask for exactly what the hooks read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import pytest
from airflow.providers_manager import ProvidersManager
from cin7_nav.hooks.connections import Cin7Extra, NavExtra
from cin7_nav.provider import get_provider_info


def forms() -> dict[str, Any]:
    return {one["connection-type"]: one for one in get_provider_info()["connection-types"]}


@pytest.mark.parametrize(("connection_type", "extra"), [("cin7", Cin7Extra), ("nav", NavExtra)])
def test_the_forms_fields_are_the_extras_that_the_hook_reads(connection_type: str, extra: Any) -> None:
    assert forms()[connection_type]["conn-fields"].keys() == extra.model_fields.keys()


def test_the_metadata_fits_airflows_schemas() -> None:
    folder = Path(airflow.__file__).parent
    info = get_provider_info()
    jsonschema.validate(info, json.loads((folder / "provider_info.schema.json").read_text()))
    declared = json.loads((folder / "provider.yaml.schema.json").read_text())
    jsonschema.validate(info["connection-types"], declared["properties"]["connection-types"])


def test_airflow_loads_both_hooks_and_all_form_fields() -> None:
    manager = ProvidersManager()
    for connection_type, form in forms().items():
        hook = manager.hooks[connection_type]
        assert hook is not None
        assert hook.connection_type == connection_type
        assert (
            manager.field_behaviours[connection_type]["relabeling"]
            == form["ui-field-behaviour"]["relabeling"]
        )
        for name in form["conn-fields"]:
            assert f"extra__{connection_type}__{name}" in manager.connection_form_widgets
    assert manager.connection_form_widgets["extra__cin7__application_keys"].is_sensitive
