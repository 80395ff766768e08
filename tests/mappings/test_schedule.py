from pathlib import Path

from cin7_nav.mappings import schedule
from cin7_nav.mappings.schedule import Schedule


def load(directory: Path, text: str) -> tuple[Schedule, tuple[str, ...]]:
    path = directory / "schedule.yaml"
    path.write_text(text, encoding="utf-8")
    return schedule.load(path)


def test_what_is_written_holds(tmp_path: Path) -> None:
    text = "poll: '*/5 * * * *'\nsweep: 0 3 * * *\n"
    assert load(tmp_path, text) == (Schedule(poll="*/5 * * * *", sweep="0 3 * * *"), ())


def test_a_bad_value_is_replaced_by_its_default_alone_with_a_warning(tmp_path: Path) -> None:
    found, warnings = load(tmp_path, "poll: often\nsweep: 0 3 * * *\nrenewal: '@hourly'\nretry: 1\n")
    assert found == Schedule(sweep="0 3 * * *")
    assert [warning.split(": found")[0] for warning in warnings] == [
        "schedule.yaml:1",
        "schedule.yaml:3",
        "schedule.yaml:4",
    ]
    assert all("the default applies" in warning for warning in warnings)


def test_nothing_about_the_file_is_an_error(tmp_path: Path) -> None:
    for text in ("poll: [", "- a\n", "poll:\n", "words"):
        found, warnings = load(tmp_path, text)
        assert found == Schedule()
        assert warnings
    assert load(tmp_path, "") == (Schedule(), ())
    found, warnings = schedule.load(tmp_path / "absent.yaml")
    assert found == Schedule()
    assert "absent.yaml is missing" in warnings[0]
