"""What a webhook is told of a run, as JSON."""

import dataclasses
from typing import Any

NOT_BLESSED, PUSHED, ANOMALY, FAILURE = "not_blessed", "pushed", "anomaly", "failure"

SAID = {
    NOT_BLESSED: "NOT BLESSED, nothing was pushed",
    PUSHED: "pushed",
    ANOMALY: "STOPPED, the data has anomalies",
    FAILURE: "FAILED",
}


@dataclasses.dataclass(frozen=True)
class Notification:
    """What came of a run."""

    kind: str
    """`NOT_BLESSED`, `PUSHED`, `ANOMALY` or `FAILURE`."""

    run_id: str
    """Name of the run."""

    data_set: str
    """Name of the data set, as its definition has it."""

    reasons: tuple[str, ...] = ()
    """Why it is not blessed or failed, a sentence each."""

    metrics: dict[str, float] = dataclasses.field(default_factory=dict)
    """Over all users, on `test`, by name; empty where nothing was measured."""

    version: str = ""
    """Number of the version that was pushed, or empty."""

    paths: dict[str, str] = dataclasses.field(default_factory=dict)
    """Where to look, by name: such as the log, the pushed version, or an artifact."""

    def body(self) -> dict[str, Any]:
        """Returns the JSON object; its `text` is what Slack, Mattermost and Teams show."""
        return {**dataclasses.asdict(self), "text": self.text}

    @property
    def text(self) -> str:
        """The message for people, in a line or two."""
        what = f"{SAID[self.kind]} {self.version}".rstrip()
        head = f"{self.data_set}, run {self.run_id or '?'}: {what}"
        return "\n".join([head, *self.reasons])
