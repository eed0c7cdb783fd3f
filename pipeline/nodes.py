"""The ids of the graphs' nodes, by which the graph, its records and the cluster name them."""

from typing import NamedTuple

ITEMS_EXAMPLE_GEN = "ItemsExampleGen"
TIMELINES_EXAMPLE_GEN = "TimelinesExampleGen"


class Preparation(NamedTuple):
    """The nodes that check and transform one record type."""

    schema: str
    statistics: str
    validator: str
    gate: str
    transform: str


TIMELINES = Preparation(
    "TimelinesSchema",
    "TimelinesStatistics",
    "TimelinesValidator",
    "TimelinesGate",
    "TimelinesTransform",
)
ITEMS = Preparation(
    "ItemsSchema", "ItemsStatistics", "ItemsValidator", "ItemsGate", "ItemsTransform"
)

WARM_START = "WarmStart"
TRAINER = "TwoTowerTrainer"
TUNER = "TwoTowerTuner"
SERVED_TOWERS = "ServedTowers"

CANDIDATE_INDEX = "CandidateIndex"
BASELINE = "Baseline"
EVALUATOR = "Evaluator"
CANARY = "Canary"
PUSHER = "Pusher"

GATES = (TIMELINES.gate, ITEMS.gate)
"""What stops a run whose data has anomalies."""

DATA = (ITEMS_EXAMPLE_GEN, TIMELINES_EXAMPLE_GEN)
"""What reads the data. A change there is noticed by their driver, which Kubeflow does not run."""

OUTSIDE_WORLD = (WARM_START, BASELINE, PUSHER)
"""What reads or writes the registry, which may have changed since: never taken from the cache."""
