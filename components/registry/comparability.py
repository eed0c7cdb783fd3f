"""Whether what is served may be the baseline of a new bundle: only like is compared with like."""

from components.bundle.manifest import Manifest

BY_CHANCE = "random"  # a split method that deals old ratings anew when there are more


def why_not(served: Manifest | None, candidate: Manifest) -> str | None:
    """Returns why two bundles can't be compared on the candidate's test data; None if they can.

    Ratings may have been added since: where the split goes by time, what is held out now was not
    trained on then. Anything else may have let the served bundle train on what it is asked, or
    measures it by another rule.

    Args:
        served: Manifest of the bundle that is served; None if it has none.
        candidate: Manifest of the new one.
    """
    if served is None:
        return "it has no manifest, so nobody knows how it was measured"
    if served.evaluation != candidate.evaluation:
        return f"it was measured by {served.evaluation}, the new one is by {candidate.evaluation}"
    if served.data["timelines"] == candidate.data["timelines"]:
        return None
    if candidate.evaluation["split"].get("method") == BY_CHANCE:
        return "its ratings were others, and the split by chance holds out others of the old ones"
    ratings, latest = served.counts["ratings"], served.data["last_rating"]
    if candidate.counts["ratings"] < ratings or candidate.data["last_rating"] < latest:
        return (
            f"it knows {ratings} ratings until {latest}, the new one "
            f"{candidate.counts['ratings']} until {candidate.data['last_rating']}: these are not "
            "the same and more"
        )
    return None
