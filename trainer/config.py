"""The hyperparameters of the model: one frozen dataclass, recorded with every run."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, FiniteFloat, NonNegativeInt, PositiveInt, model_validator
from pydantic.dataclasses import dataclass

Rate = Annotated[float, Field(ge=0, lt=1)]
AboveZero = Annotated[FiniteFloat, Field(gt=0)]


@dataclass(
    frozen=True, config=ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)
)
class ModelConfig:
    """Hyperparameters. Frozen, JSON-able, recorded in ML Metadata with every run."""

    embedding_dim: PositiveInt = 64
    """Length of the vectors that both towers end in."""

    history: Literal["none", "mean", "attention", "hstu"] = "attention"
    """What the query tower makes of the timeline: "attention" over its items, "hstu" (attention by
    a gated pointwise function), their "mean", or "none" (ids only)."""

    blocks: PositiveInt = 1
    """Blocks, one after another; "attention" and "hstu" only."""

    heads: PositiveInt = 2
    """Heads in each block; they must divide `embedding_dim`."""

    window: PositiveInt = 50
    """Items of the timeline that a query sees, the latest ones; also the positions that one
    training row holds. 1 makes every rating a row of its own."""

    order: Literal["time", "shuffled"] = "time"
    """How training reads a history: in "time" order, to say what comes next, or "shuffled" anew in
    every epoch, to say what else is in it."""

    event_features: bool = True
    """Whether the query tower sees the features of each event of the history, such as a rating."""

    gaps: bool = False
    """Whether the query tower sees how long before each event of the history the one before was."""

    request_time: bool = False
    """Whether the query tower sees how long after each event of the history the next one was, and
    after the last one the request."""

    request_dropout: Rate = 0.4
    """Share of events of which training hides that time, so that "unknown" is a trained row."""

    user_features: bool = True
    """Whether the query tower uses the features of the user besides the id."""

    item_features: bool = True
    """Whether the candidate tower uses the features of the item besides the id."""

    item_bias: bool = True
    """Whether to add a per-item bias, stored as an extra embedding dimension."""

    loss: Literal["auto", "full_softmax", "sampled_softmax", "retrieval"] = "auto"
    """"full_softmax" over all rated items; "sampled_softmax" over `shared_negatives`; "retrieval",
    TFRS's softmax over the batch's items and `uniform_negatives`; "auto": the first up to
    `full_softmax_up_to` items, else the last."""

    full_softmax_up_to: NonNegativeInt = 20_000
    """Items of the largest catalogue that "auto" takes whole."""

    uniform_negatives: NonNegativeInt = 1024
    """Items that "retrieval" draws uniformly from all rated ones, for each batch."""

    shared_negatives: PositiveInt = 512
    """Items that "sampled_softmax" draws for each batch, half of them uniformly from all rated ones
    and half by popularity; the batch shares them."""

    log_q: bool = True
    """Whether a loss that takes a sample corrects for popular items being drawn more often."""

    remove_accidental_hits: bool = True
    """Whether a loss that takes a sample drops negatives that are the positive itself."""

    temperature: AboveZero = 1.0
    """What training divides scores by. With `normalized` vectors 0.05 to 0.2 is usual."""

    learn_temperature: bool = False
    """Whether `temperature` is only where training starts from."""

    normalized: bool = False
    """Whether both towers end in vectors of length 1, so that a score is a cosine; there is no
    room for `item_bias` then."""

    id_dropout: Rate = 0.05
    """Share of user and item ids hidden in training, so that "unseen" is a trained row."""

    dropout: Rate = 0.3
    """Dropout of the query vector in training."""

    optimizer: Literal["auto", "adagrad", "adam", "lazy_adam"] = "auto"
    """"adam", "adagrad", or "lazy_adam", whose steps cost what the batch reads, not what the
    tables hold; "auto": the last where the loss takes a sample, else the first."""

    learning_rate: AboveZero = 0.003
    """Learning rate of the optimizer, where the schedule is highest."""

    schedule: Literal["constant", "cosine"] = "cosine"
    """How the learning rate changes: "constant", or "cosine": a rise over the first part of an
    epoch, then half a cosine down to a hundredth at the last of all `epochs`."""

    batch_size: PositiveInt = 64
    """Windows per step; each holds up to `window` positions to learn from."""

    epochs: PositiveInt = 45
    """Passes over the training data, at most; each as long as one in which no window is short."""

    patience: NonNegativeInt = 15
    """Epochs without a better NDCG@10 on `eval` before training stops; 0 never stops early."""

    refit: bool = False
    """Whether what is served is trained on `train` and `eval` together, for as many epochs as were
    best on `eval` when trained on `train` alone: twice the cost. With a `patience` of 0 nothing is
    chosen on `eval`, and `epochs` on both together are the only training."""

    warm_start: bool = False
    """Whether training begins with the weights of the bundle that is served, matched by id, and
    not with random ones."""

    exclude_seen: bool = True
    """Whether evaluation, as serving does, leaves out items that are already in the history."""

    seed: int = 1
    """Seed of everything random in training: the same seed gives the same model."""

    @model_validator(mode="after")
    def _check_combination(self) -> "ModelConfig":
        """Checks the fields against each other.

        Raises:
            ValueError: Two of them exclude each other; the message names both.
        """
        if self.embedding_dim % self.heads:
            raise ValueError(
                f"heads must divide embedding_dim, got {self.heads} and {self.embedding_dim}."
            )
        needs_others = self.loss in ("auto", "retrieval") and self.uniform_negatives == 0
        if needs_others and self.batch_size == 1:
            raise ValueError(
                "uniform_negatives must be above 0 where batch_size is 1 and loss may take a "
                "sample: no other window brings negatives."
            )
        if self.gaps and self.history == "none":
            raise ValueError("gaps must be false where history is 'none': it has no events.")
        if self.gaps and self.order == "shuffled":
            raise ValueError("gaps must be false where order is 'shuffled': there is no before.")
        if self.request_time and self.history == "none":
            raise ValueError("request_time must be false where history is 'none'.")
        if self.request_time and self.order == "shuffled":
            raise ValueError("request_time must be false where order is 'shuffled'.")
        if self.normalized and self.item_bias:
            raise ValueError(
                "normalized must be false where item_bias is true: a bias is no part of a cosine."
            )
        return self

    def samples(self, items: int) -> bool:
        """Returns whether the loss takes a sample of a catalogue of `items`, or all of it."""
        if self.loss == "auto":
            return items > self.full_softmax_up_to
        return self.loss != "full_softmax"
