"""Known weaknesses of the pinned packages, and secrets in the files of this repository.

`--admit` writes down what stands in the files now as no secret: look at each of them first.
Where no advisory can be reached nothing is said of the packages, and the last line says that.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
ADMITTED = ROOT / ".ci" / "no-secrets.json"
"""The hashes of texts that look like secrets and are none, by file."""
GENERATED = ("requirements.txt", ".ci/no-secrets.json")


def output(*command: str | Path) -> Any:
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return json.loads(done.stdout)


def weaknesses() -> tuple[list[str], int, int]:
    """What is known, how many packages were looked up, and how many of them in vain."""
    told = output(
        BIN / "pip-audit", "-r", "requirements.txt", "--no-deps", "--disable-pip", "--progress-spinner",
        "off", "-f", "json",
    )["dependencies"]  # fmt: skip
    found = [
        f"{one['name']} {one['version']}: {known['id']}, mended in {known['fix_versions'] or 'no version'}"
        for one in told
        for known in one.get("vulns", [])
    ]
    return found, len(told), sum("skip_reason" in one for one in told)


def suspects() -> dict[str, dict[str, int]]:
    """For each file, the hash and line of what looks like a secret."""
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in files.stdout.splitlines() if name not in GENERATED]
    results = output(BIN / "detect-secrets", "scan", *names)["results"]
    return {
        file: {one["hashed_secret"]: one["line_number"] for one in found}
        for file, found in sorted(results.items())
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--admit", action="store_true", help="what stands there now is no secret")
    here = suspects()
    if parser.parse_args().admit:
        ADMITTED.write_text(
            json.dumps({file: sorted(found) for file, found in here.items()}, indent=1) + "\n"
        )
        return 0
    admitted = json.loads(ADMITTED.read_text())
    faults = [
        f"{file}:{line} looks like a secret"
        for file, found in here.items()
        for hashed, line in found.items()
        if hashed not in admitted.get(file, ())
    ]
    known, packages, in_vain = weaknesses()
    for fault in faults + known:
        print(fault)
    if in_vain:
        print(f"{in_vain} of {packages} packages were NOT audited: no advisory can be reached for them")
    else:
        print(f"{packages} packages audited")
    return 1 if faults or known or 0 < in_vain < packages else 0


if __name__ == "__main__":
    sys.exit(main())
