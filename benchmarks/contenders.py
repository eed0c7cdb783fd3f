"""Our models in the comparison, and what our preset needs under each protocol."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Ours:
    """A model of ours: a preset and what is changed of it."""

    preset: str
    settings: tuple[str, ...] = ()
    seeds: int = 1


SETTINGS = {
    "P1": (  # what else a user rated, not what comes next: the user's own vector says most of it
        "model.history=none",
        "model.event_features=false",
        "model.gaps=false",
        "model.window=200",
        "model.dropout=0.8",
        "model.learning_rate=0.01",
        "model.batch_size=32",
        "model.epochs=40",
        "model.patience=0",
        "model.exclude_seen=false",
        "model.refit=true",
    ),
    "P2": (),
    "P3": ("serving.trend.days=14", "serving.trend.weight=8", "model.refit=true"),
}
"""What our preset, which is made for P2, needs under each protocol."""


def contenders(protocol: str, release: str, seeds: int) -> dict[str, Ours]:
    """Returns our models by the name that the table shows."""
    return {
        "blog model": Ours("blog"),
        "blog model + logQ": Ours("blog", ("model.log_q=true",)),
        f"ours ({release})": Ours(release, SETTINGS[protocol], seeds),
    }
