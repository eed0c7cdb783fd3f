"""Comparison of an answer with what the trained towers say, within rounding."""

from collections.abc import Set

import numpy as np

TOLERANCE = 1e-3  # of scores: one process may add up in another order


def compare(
    who: str,
    answered: list[str],
    item_ids: np.ndarray,
    scores: np.ndarray,
    seen: Set[bytes],
    exact: bool = True,
) -> list[str]:
    """Returns what is wrong with an answer; nothing if it is right.

    An answer may order items differently whose scores are equal within rounding. That of an
    approximate index may miss items: the Evaluator measures how many. Those that it holds must be
    in order.

    Args:
        who: Id of the user, for the message.
        answered: Ids in the order of the answer; "" where no item was left.
        item_ids: `[items]` bytes, ids of the catalogue.
        scores: `[items]` float32 scores that the trained towers give this user.
        seen: Ids that must not be answered; of a filter, also what does not pass it.
        exact: Whether the index must find the best of all.
    """
    ids = [item_id.encode() for item_id in answered if item_id]
    problems = []
    shown = sorted(seen & set(ids))
    if shown:
        problems.append(f"user {who}: {shown[0].decode()} was seen and must not be recommended")
    position = {item_id: index for index, item_id in enumerate(item_ids)}
    unknown = [item_id for item_id in ids if item_id not in position]
    if unknown:
        return [*problems, f"user {who}: {unknown[0].decode()} is not in the catalogue"]
    allowed = np.array([item_id not in seen for item_id in item_ids])
    best = np.sort(scores[allowed])[::-1][: len(answered)]
    if len(ids) != len(best):
        return [*problems, f"user {who}: {len(ids)} items were answered, {len(best)} expected"]
    given = scores[[position[item_id] for item_id in ids]]
    if not exact:
        best = np.sort(given)[::-1]
    wrong = np.flatnonzero(~(np.abs(given - best) <= TOLERANCE * np.maximum(1, np.abs(best))))
    if len(wrong):
        rank = wrong[0]
        problems.append(
            f"user {who}: rank {rank + 1} is {answered[rank]}, whose score is {given[rank]:.4f}; "
            f"the trained towers put an item of score {best[rank]:.4f} there"
        )
    return problems
