"""The certificate of a joint plan: its days judged as markets, then what makes them one plan of several owners."""

from __future__ import annotations

from typing import Any

from gridpact.certificates.judge import certify
from gridpact.certificates.together.days import PlannedDays
from gridpact.results.record import Record


def certify_together(record: Record) -> dict[str, Any]:
    """Judge a joint plan by its own content: ``{"verdict": ..., "checks": [...]}``."""
    sides = PlannedDays(record).sides()
    documents = {name: certify(side) for name, side in sides.items()}
    checks = [
        {**check, "name": f"{name.replace('_', ' ')}: {check['name']}"}
        for name, document in documents.items()
        for check in document["checks"]
    ]
    failed = any(check["required"] and not check["passed"] for check in checks)
    sure = all(document["verdict"] == "certified" for document in documents.values())
    return {"verdict": "failed" if failed else "certified" if sure else "approximate", "checks": checks}
