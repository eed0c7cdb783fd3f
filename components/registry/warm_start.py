"""WarmStart: the bundle that is served now, for training to begin with its weights."""

import json

from tfx import v1 as tfx

from components.bundle import inputs, manifest, records
from components.bundle.component import fingerprint, utc
from components.registry import served_copy


@tfx.dsl.components.component
def WarmStart(
    timelines: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Examples],
    model: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.Model],
    definition: tfx.dsl.components.Parameter[str],
    serving_base: tfx.dsl.components.Parameter[str],
    split: tfx.dsl.components.Parameter[str],
    exclude_seen: tfx.dsl.components.Parameter[bool],
) -> None:
    """Copies the version that is served into its output, or leaves it empty.

    It is empty before the first push, and where the served towers may have been trained on what is
    held out now, which is also when they are no baseline: the log says why. Training then starts
    from nothing.

    Args:
        timelines: Raw timelines that training is about to read.
        model: The bundle that is served now; an artifact without a model if there is none.
        definition: Definition of the data set, JSON.
        serving_base: The folder that TensorFlow Serving watches.
        split: How `timelines` were split, JSON.
        exclude_seen: Whether the measurement leaves out seen items.
    """

    def candidate() -> manifest.Manifest:
        users = inputs.read_timelines(timelines)
        times = records.times(users)
        return manifest.Manifest(
            towers={},
            data={
                "timelines": fingerprint(users),
                "last_event": utc(times.max()) if len(times) else "",
            },
            counts={"events": len(times)},
            evaluation={"split": json.loads(split), "exclude_seen": exclude_seen},
            settings={},
            definition=json.loads(definition),
            files={},
        )

    served_copy.copy_served(serving_base, model, candidate, "training starts from nothing")
