"""The hyperparameters of the model: one frozen dataclass, recorded with every run."""

import dataclasses
import math

HISTORY_ENCODERS = ("none", "mean", "attention")
LOSSES = ("auto", "full_softmax", "retrieval")
ORDERS = ("time", "shuffled")
OPTIMIZERS = ("auto", "adagrad", "adam", "lazy_adam")
SCHEDULES = ("constant", "cosine")


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Hyperparameters. Frozen, JSON-able, recorded in ML Metadata with every run."""

    embedding_dim: int = 64
    """Length of the vectors that both towers end in."""

    history: str = "attention"
    """What the query tower makes of the timeline: "attention" over its movies, their "mean", or
    "none" (ids only)."""

    blocks: int = 1
    """Attention blocks, one after another; "attention" only."""

    heads: int = 2
    """Attention heads in each block; they must divide `embedding_dim`."""

    window: int = 50
    """Movies of the timeline that a query sees, the latest ones; also the positions that one
    training row holds. 1 makes every rating a row of its own."""

    order: str = "time"
    """How training reads a history: in "time" order, to say what comes next, or "shuffled" anew in
    every epoch, to say what else is in it."""

    ratings: bool = False
    """Whether the query tower sees how many stars each movie of the timeline got."""

    gaps: bool = False
    """Whether the query tower sees how long before each movie of the timeline the one before it
    was rated."""

    profile: bool = True
    """Whether the query tower uses age, gender, occupation and zip region."""

    content: bool = True
    """Whether the candidate tower uses genres, year and title words besides the id."""

    item_bias: bool = True
    """Whether a movie may be liked more by all: one more dimension, which queries hold at 1."""

    loss: str = "auto"
    """"full_softmax" over all rated movies; "retrieval", TFRS's softmax over a sample: the batch's
    movies and `uniform_negatives`; "auto": the first up to `full_softmax_up_to` movies."""

    full_softmax_up_to: int = 20_000
    """Movies of the largest catalogue that "auto" takes whole."""

    uniform_negatives: int = 1024
    """Movies that "retrieval" draws uniformly from all rated ones, for each batch."""

    log_q: bool = True
    """Whether "retrieval" corrects for popular movies being sampled more often."""

    remove_accidental_hits: bool = True
    """Whether "retrieval" drops negatives that are the positive itself."""

    temperature: float = 1.0
    """What training divides scores by. With `normalized` vectors 0.05 to 0.2 is usual."""

    learn_temperature: bool = False
    """Whether `temperature` is only where training starts from."""

    normalized: bool = False
    """Whether both towers end in vectors of length 1, so that a score is a cosine; there is no
    room for `item_bias` then."""

    id_dropout: float = 0.05
    """Share of user and movie ids hidden in training, so that "unseen" is a trained row."""

    dropout: float = 0.3
    """Dropout of the query vector in training."""

    optimizer: str = "auto"
    """"adam", "adagrad", or "lazy_adam", whose steps cost what the batch reads, not what the
    tables hold; "auto": the last where the loss takes a sample, else the first."""

    learning_rate: float = 0.003
    """Step size of the optimizer, where the schedule is highest."""

    schedule: str = "cosine"
    """What becomes of the step size: "constant", or "cosine": a rise over the first part of an
    epoch, then half a cosine down to a hundredth at the last of all `epochs`."""

    batch_size: int = 64
    """Windows per step; each holds up to `window` positions to learn from."""

    epochs: int = 45
    """Passes over the training data, at most; each as long as one in which no window is short."""

    patience: int = 15
    """Epochs without a better NDCG@10 on `eval` before training stops; 0 never stops early."""

    refit: bool = False
    """Whether what is served is trained on `train` and `eval` together, for as many epochs as were
    best on `eval` when trained on `train` alone: twice the cost. With a `patience` of 0 nothing is
    chosen on `eval`, and `epochs` on both together are the only training."""

    warm_start: bool = False
    """Whether training begins with the weights of the bundle that is served, matched by id, and
    not with random ones."""

    exclude_seen: bool = True
    """Whether evaluation, as serving does, leaves out movies that are already in the history."""

    seed: int = 1
    """Seed of everything random in training: the same seed gives the same model."""

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            ValueError: A field has no possible meaning; the message names it and its value.
        """
        for name in ("embedding_dim", "blocks", "heads", "window", "batch_size", "epochs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}.")
        for name in ("id_dropout", "dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be in [0, 1), got {getattr(self, name)}.")
        for name, choices in (
            ("history", HISTORY_ENCODERS),
            ("order", ORDERS),
            ("loss", LOSSES),
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
        ):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name} must be one of {', '.join(choices)}, got {getattr(self, name)!r}."
                )
        if self.embedding_dim % self.heads:
            raise ValueError(
                f"heads must divide embedding_dim, got {self.heads} and {self.embedding_dim}."
            )
        for name in ("learning_rate", "temperature"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be a number above 0, got {getattr(self, name)}.")
        for name in ("patience", "uniform_negatives", "full_softmax_up_to"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}.")
        if self.loss != "full_softmax" and self.uniform_negatives == 0 and self.batch_size == 1:
            raise ValueError(
                "uniform_negatives must be above 0 where batch_size is 1 and loss may take a "
                "sample: no other window brings negatives."
            )
        for name in ("ratings", "gaps"):
            if getattr(self, name) and self.history == "none":
                raise ValueError(f"{name} must be false where history is 'none': it has no movies.")
        if self.gaps and self.order == "shuffled":
            raise ValueError("gaps must be false where order is 'shuffled': there is no before.")
        if self.normalized and self.item_bias:
            raise ValueError(
                "normalized must be false where item_bias is true: a bias is no part of a cosine."
            )

    def samples(self, movies: int) -> bool:
        """Returns whether the loss takes a sample of a catalogue of `movies`, or all of it."""
        return self.loss == "retrieval" or (
            self.loss == "auto" and movies > self.full_softmax_up_to
        )
