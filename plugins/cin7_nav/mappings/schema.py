"""JSON Schemas of the mapping files, for editors: `python -m cin7_nav.mappings.schema DIRECTORY`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cin7_nav.mappings.alerts import Alerts
from cin7_nav.mappings.companies import CompaniesFile
from cin7_nav.mappings.files import FILES, Section
from cin7_nav.mappings.schedule import Schedule
from cin7_nav.mappings.subscriptions import Subscriptions


def schemas() -> dict[str, str]:
    """File name → contents."""
    types: dict[str, type[Section]] = {
        **FILES,
        "schedule": Schedule,
        "subscriptions": Subscriptions,
        "alerts": Alerts,
        "companies": CompaniesFile,
    }
    return {
        f"{name}.json": json.dumps(
            {"$schema": "http://json-schema.org/draft-07/schema#"} | model.model_json_schema(by_alias=True),
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
        for name, model in types.items()
    }


def write(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
