"""Recommender client: signatures of a bundle as Python functions, over any transport."""

import dataclasses
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from serving.client import query_inputs
from serving.client.query_inputs import Event
from serving.client.transport import Prediction, Transport
from transform.definition import Definition

if TYPE_CHECKING:
    from serving.client.request_log import RequestLog

BATCH_SIZE = 32


class Item(NamedTuple):
    """A recommended item."""

    item_id: str
    title: str
    score: float


@dataclasses.dataclass(frozen=True)
class Answer:
    """Recommendations for one user."""

    items: tuple[Item, ...]
    """Best first."""

    known_user: bool
    """False where nothing is known of the user, who then gets what is popular lately."""

    version: int | None
    """Version of the bundle that answered; None where the transport does not tell, as REST."""

    request_id: str = ""
    """Where the client has a log: under which id the answer is in it; `feedback` takes it."""

    clock_skew: int = 0
    """Seconds by which `request_time` lay before the latest event of the history, at whose time the
    request was then answered; 0 where it did not."""

    filtered: int | None = None
    """Items of the catalogue that do not pass the filter; None where the request had none."""


class RecommenderClient:
    """Client of a bundle. Long lists of ids are sent in batches."""

    def __init__(
        self,
        transport: Transport,
        batch_size: int = BATCH_SIZE,
        definition: Definition | None = None,
        log: "RequestLog | None" = None,
    ) -> None:
        """Wraps a transport.

        Args:
            transport: Transport to the bundle, such as gRPC or REST.
            batch_size: Largest number of users or items in one request; at most the bundle's
                `serving.max_batch`.
            definition: Of the data set that the bundle was made of: what `recommend` takes. It is
                in the bundle's manifest, see `bundle_definition`.
            log: Where answers and feedback are logged; None: nowhere.

        Raises:
            ValueError: `batch_size` is below 1.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}.")
        self._transport = transport
        self._batch_size = batch_size
        self._definition = definition
        self._log = log
        self._counting = threading.Lock()
        self.clock_skews = 0
        """Answers so far to requests that lay before the latest event of their history."""

    def for_users(
        self,
        user_ids: Sequence[str],
        k: int = 10,
        request_time: int = query_inputs.UNKNOWN_TIME,
        exclude: Sequence[str] = (),
        require: Sequence[str] = (),
        forbid: Sequence[str] = (),
    ) -> list[Answer]:
        """Recommends items to each user, known or not; items that they have seen are left out.

        Args:
            user_ids: Users.
            k: Largest number of items to return for each.
            request_time: Seconds since 1970-01-01 UTC; 0: not known. It only counts where the
                model was trained with `request_time`.
            exclude: Ids of items to leave out for all of them.
            require: Terms of a filter, such as "genres=Comedy" and "year>=1990".
            forbid: Terms of which an item must meet none.

        Raises:
            ValueError: `request_time` is not in seconds.
            ServingUnavailable, RequestRefused: As the transport says.
        """
        answers = []
        for batch in self._batches(user_ids):
            if request_time or exclude or require or forbid:
                inputs = query_inputs.of_users(batch, request_time, exclude)
                prediction = self._predict("recommend_user", inputs, require, forbid)
            else:
                prediction = self._transport.predict("serving_default", {"user_id": batch})
            answers += self._logged(batch, self._answers(prediction, len(batch), k))
        return answers

    def for_history(
        self,
        item_ids: Sequence[str],
        k: int = 10,
        require: Sequence[str] = (),
        forbid: Sequence[str] = (),
    ) -> Answer:
        """Recommends items to somebody of whom only the items of the history are known.

        Args:
            item_ids: Items, oldest first.
            k: Largest number of items to return.
            require: Terms of a filter, which needs a client that was made with a definition.
            forbid: Terms of which an item must meet none.
        """
        if require or forbid:
            return self.recommend(item_ids, k=k, require=require, forbid=forbid)
        inputs = {"history_item_ids": [list(item_ids) or [""]]}
        answers = self._answers(self._transport.predict("recommend_history", inputs), 1, k)
        return self._logged([""], answers)[0]

    def recommend(
        self,
        history: Sequence[Event | str] = (),
        user: Mapping[str, Any] | None = None,
        exclude: Sequence[str] = (),
        k: int = 10,
        request_time: int = query_inputs.UNKNOWN_TIME,
        user_id: str = "",
        require: Sequence[str] = (),
        forbid: Sequence[str] = (),
    ) -> Answer:
        """Recommends items to somebody of whom anything may be known, and nothing must be.

        Args:
            history: Events, oldest first; a bare id where nothing else is known of one.
            user: Features of the user by the names of the definition.
            exclude: Ids of items to leave out, besides those of the history.
            k: Largest number of items to return.
            request_time: Seconds since 1970-01-01 UTC; 0: not known.
            user_id: Who it is, for the log alone: the server is not told.
            require: Terms of a filter, such as "genres=Comedy" and "year>=1990".
            forbid: Terms of which an item must meet none.

        Raises:
            ValueError: The client has no definition, a feature is not of it, or a value not of its
                kind.
            ServingUnavailable, RequestRefused: As the transport says.
        """
        if self._definition is None:
            raise ValueError("recommend needs a client that was made with a definition.")
        inputs = query_inputs.build(self._definition, history, user or {}, exclude, request_time)
        answers = self._answers(self._predict("recommend", inputs, require, forbid), 1, k)
        return self._logged([user_id], answers)[0]

    def similar(self, item_ids: Sequence[str], k: int = 10) -> list[Answer]:
        """Returns the items most similar to each, by cosine; none where the item is unknown."""
        answers = []
        for batch in self._batches(item_ids):
            prediction = self._transport.predict("similar", {"item_id": batch})
            answers += self._answers(prediction, len(batch), k)
        return answers

    def _answers(self, prediction: Prediction, size: int, k: int) -> list[Answer]:
        """Returns a prediction as answers, of which those to skewed clocks are counted."""
        answers = _answers(prediction, size, k)
        with self._counting:
            self.clock_skews += sum(answer.clock_skew > 0 for answer in answers)
        return answers

    def feedback(
        self,
        answer: Answer | None,
        user_id: str,
        item_id: str,
        features: Mapping[str, Any] | None = None,
        at: int | None = None,
        weight: float = 1.0,
    ) -> None:
        """Logs what a user did with an item, as an event that the next training can read.

        Args:
            answer: What showed the item; None where the user came to it in another way.
            user_id: Who did it.
            item_id: With which item.
            features: Of the event by the names of the definition, such as `{"type": "cart"}`.
            at: Seconds since 1970-01-01 UTC; by default now.
            weight: How much it counts, where the definition has a weight.

        Raises:
            ValueError: The client has no log, or a value is not of the definition.
        """
        if self._log is None:
            raise ValueError("feedback needs a client that was made with a log.")
        request_id = answer.request_id if answer else ""
        seconds = int(time.time()) if at is None else at
        self._log.event(request_id, user_id, item_id, features or {}, seconds, weight)

    def with_definition(self, definition: Definition) -> "RecommenderClient":
        """Returns a client over the same transport, made with a definition."""
        return RecommenderClient(self._transport, self._batch_size, definition, self._log)

    def _logged(self, user_ids: Sequence[str], answers: list[Answer]) -> list[Answer]:
        """Returns answers that know under which id they were logged, if there is a log."""
        if self._log is None:
            return answers
        answers = [dataclasses.replace(each, request_id=uuid.uuid4().hex) for each in answers]
        for user_id, answer in zip(user_ids, answers, strict=True):
            items = [(item.item_id, item.score) for item in answer.items]
            self._log.impressions(
                answer.request_id, user_id, items, answer.known_user, answer.version
            )
        return answers

    def _predict(
        self,
        signature: str,
        inputs: query_inputs.Inputs,
        require: Sequence[str],
        forbid: Sequence[str],
    ) -> Prediction:
        """Asks a signature, or the one beside it that takes a filter if there is any term."""
        if not require and not forbid:
            return self._transport.predict(signature, inputs)
        rows = len(inputs[query_inputs.EXCLUDE_ITEM_IDS])
        filtered = {**inputs, **query_inputs.terms(require, forbid, rows)}
        return self._transport.predict(f"{signature}_filtered", filtered)

    def _batches(self, ids: Sequence[str]) -> Iterator[list[str]]:
        for first in range(0, len(ids), self._batch_size):
            yield list(ids[first : first + self._batch_size])


def _answers(prediction: Prediction, size: int, k: int) -> list[Answer]:
    outputs = prediction.outputs
    known = outputs.get("known_user", [True] * size)
    filtered = outputs.get("filtered")
    skew = outputs.get("clock_skew", [0] * size)  # bundles of earlier releases do not tell
    return [
        Answer(
            tuple(
                Item(str(item_id), str(title), float(score))
                for item_id, title, score in zip(
                    outputs["item_ids"][row][:k],
                    outputs["titles"][row][:k],
                    outputs["scores"][row][:k],
                    strict=True,
                )
                if item_id
            ),
            bool(known[row]),
            prediction.version,
            filtered=None if filtered is None else int(filtered[row]),
            clock_skew=int(skew[row]),
        )
        for row in range(size)
    ]
