"""A bundle in this process, asked as a client of TensorFlow Serving asks it."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from components.bundle.signatures import FILTERED
from serving.client import bundle_definition
from serving.client.recommender import Answer, Item, RecommenderClient
from serving.client.transport import Prediction, RequestRefused, decode_texts
from transform import features


class PushedBundle:
    """A bundle, loaded from the folder of its version. It is the transport of its own client."""

    def __init__(self, path: str) -> None:
        """Loads the bundle."""
        self.definition = bundle_definition.read(path)
        self._bundle = tf.saved_model.load(path)
        self._client = RecommenderClient(self, definition=self.definition)

    def predict(self, signature: str, inputs: Mapping[str, Any]) -> Prediction:
        """Runs a signature; see `serving.client.transport.Transport`."""
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        outputs = ask(self._bundle.signatures, signature, tensors)
        return Prediction(
            {name: decode_texts(value) for name, value in outputs.items()}, version=None
        )

    def any_user(self) -> str:
        """Returns the id of some user that the bundle knows; empty if all were forgotten."""
        spec = {features.USER_ID: tf.io.FixedLenFeature([], tf.string)}
        parsed = tf.io.parse_example(self._bundle.answers.timelines, spec)
        users = parsed[features.USER_ID].numpy().tolist()
        return next((user.decode() for user in users if user), "")

    def for_user(
        self,
        user_id: str,
        k: int,
        request_time: int = 0,
        require: Sequence[str] = (),
        forbid: Sequence[str] = (),
    ) -> Answer:
        """Recommends items to a user, known or not.

        Args:
            user_id: The user.
            k: Largest number of items to return.
            request_time: Seconds since 1970-01-01 UTC; 0: not known.
            require: Terms of a filter.
            forbid: Terms of which an item must meet none.
        """
        (answer,) = self._client.for_users(
            [user_id], k, request_time, require=require, forbid=forbid
        )
        return answer

    def for_history(
        self,
        item_ids: Sequence[str],
        k: int,
        require: Sequence[str] = (),
        forbid: Sequence[str] = (),
    ) -> Answer:
        """Recommends items to somebody of whom only items are known, oldest first.

        Args:
            item_ids: The items.
            k: Largest number of items to return.
            require: Terms of a filter.
            forbid: Terms of which an item must meet none.
        """
        return self._client.for_history(item_ids, k, require, forbid)

    def similar(self, item_id: str, k: int) -> tuple[Item, ...]:
        """Returns the items most similar to one, most similar first; their score is the cosine."""
        (answer,) = self._client.similar([item_id], k)
        return answer.items

    def items_called(self, text: str) -> list[tuple[str, str]]:
        """Returns id and title of the item of that id, or of those whose title holds the text.

        An id is told by case, a title is not. A title that is the text, with or without what it
        has in parentheses at its end, rules out those that only hold it.
        """
        catalogue = [
            (item_id.decode(), title.decode())
            for item_id, title in zip(
                self._bundle.answers.item_id.numpy(),
                self._bundle.answers.title.numpy(),
                strict=True,
            )
        ]
        named = text.strip()
        wanted = named.casefold()
        rules: tuple[Callable[[str, str], bool], ...] = (
            lambda item_id, title: item_id == named,
            lambda item_id, title: wanted in (title, title.rpartition(" (")[0]),
            lambda item_id, title: wanted in title,
        )
        for rule in rules:
            matches = [item for item in catalogue if rule(item[0], item[1].casefold())]
            if matches:
                return matches
        return []

    def unknown_items(self, item_ids: Sequence[str]) -> list[str]:
        """Returns the ids that are not in the catalogue."""
        catalogue = set(self._bundle.answers.item_id.numpy().tolist())
        return [item_id for item_id in item_ids if item_id.encode() not in catalogue]


def ask(
    signatures: Mapping[str, Callable[..., dict[str, tf.Tensor]]],
    name: str,
    inputs: Mapping[str, tf.Tensor],
) -> dict[str, np.ndarray]:
    """Returns what a signature of a loaded bundle answers, by output.

    Args:
        signatures: All of the bundle.
        name: Of the signature.
        inputs: By name.

    Raises:
        RequestRefused: There is no such signature, or the graph refuses the inputs.
    """
    if name not in signatures:
        hint = ""
        if name in FILTERED.values():
            hint = " No feature is marked `filter: true`, or an earlier release made the bundle."
        raise RequestRefused(f"This version has no signature {name}.{hint}")
    try:
        outputs = signatures[name](**inputs)
    except tf.errors.InvalidArgumentError as error:
        raise RequestRefused(_said(error)) from error
    return {output: value.numpy() for output, value in outputs.items()}


def _said(error: tf.errors.OpError) -> str:
    """Returns what the graph says of a request that it refuses, without TensorFlow's own words."""
    message = error.message.partition("\n\t [[")[0]
    said = re.search(r"assertion failed: \[(.*?)\] \[(.*)\]$", message, re.DOTALL)
    return f"{said[1]} {said[2]}" if said else message
