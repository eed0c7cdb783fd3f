"""Comparability of the served bundle with a new one: only like is compared with like."""

import datetime
from typing import Any

from components.bundle.manifest import Manifest

BY_CHANCE = "random"  # a split method that deals old events anew when there are more
OF_EVENTS = ("user", "item", "time", "keep", "seen", "unknown_item", "unknown_user")
OF_RECORDS = ("kind", "size", "separator", "values", "prefix")


def why_not(served: Manifest | None, candidate: Manifest) -> str | None:
    """Returns why two bundles can't be compared on the candidate's test data; None if they can.

    Events may have been added since, or corrected: where the split goes by time, what is held out
    now was not trained on then. Anything else may have let the served bundle train on what it is
    asked, or measures it by another rule. Events that end earlier are no addition; but a served
    bundle whose last event lies in the future knows a wrong time, which was corrected since.

    Args:
        served: Manifest of the bundle that is served; None if it has none.
        candidate: Manifest of the new bundle.
    """
    if served is None:
        return "it has no manifest, so nobody knows how it was measured"
    if served.format != candidate.format:
        return (
            f"its manifest has format {served.format}, the new one's {candidate.format}: another "
            "revision of the code made it, for other records"
        )
    if served.evaluation != candidate.evaluation:
        return f"it was measured by {served.evaluation}, the new one is by {candidate.evaluation}"
    difference = definition_change(served.definition, candidate.definition)
    if difference:
        return f"its data was defined otherwise: {difference}"
    if served.data["timelines"] == candidate.data["timelines"]:
        return None
    if candidate.evaluation["split"].get("method") == BY_CHANCE:
        return "its events were others, and the split by chance holds out others of the old ones"
    events, latest = served.counts["events"], served.data["last_event"]
    ends_earlier = candidate.data["last_event"] < latest <= _tomorrow()
    if candidate.counts["events"] < events or ends_earlier:
        return (
            f"it knows {events} events until {latest}, the new one {candidate.counts['events']} "
            f"until {candidate.data['last_event']}: these are not the same and more"
        )
    return None


def definition_change(served: dict[str, Any], candidate: dict[str, Any]) -> str | None:
    """Returns what keeps a bundle from reading records of another definition; None if nothing does.

    Features may come and go: a bundle ignores what it does not know, and what it misses is unknown
    to it. Which events count, and what a feature of both is, must be the same.

    Args:
        served: Definition that the bundle was made by, as in its manifest.
        candidate: Definition of the records that it would be measured on.
    """
    for field in OF_EVENTS:
        before, now = (each.get("event", {}).get(field) for each in (served, candidate))
        if before != now:
            return f"event.{field} was {before!r} and is {now!r}"
    for table in ("user", "event"):
        before, now = ((each.get(table) or {}).get("features", {}) for each in (served, candidate))
        for name in sorted(before.keys() & now.keys()):
            for field in OF_RECORDS:
                old, new = before[name].get(field), now[name].get(field)
                if old != new:
                    return f"{table}.features.{name}.{field} was {old!r} and is {new!r}"
    return None


def _tomorrow() -> str:
    """Returns the time in a day, as manifests have it: no event can be later."""
    tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    return tomorrow.isoformat("T", "seconds")
