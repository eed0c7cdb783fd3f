"""Registry of served versions and labels, safe to share between threads."""

import threading
from collections.abc import Iterable, Mapping
from typing import NoReturn

from tensorflow_serving.apis import get_model_status_pb2, model_pb2

from serving.stand_in.configuration import Model
from serving.stand_in.errors import ServingError, StatusCode, invalid
from serving.stand_in.servable import Servable
from serving.stand_in.versions import AVAILABLE, Version


class Served:
    """Versions and labels of every model. Only one thread changes them."""

    def __init__(self) -> None:
        """Creates an empty registry."""
        self.lock = threading.Lock()
        """Held while a version or a label changes."""

        self._versions: dict[str, dict[int, Version]] = {}
        self._labels: dict[str, dict[str, int]] = {}

    def use(self, spec: model_pb2.ModelSpec) -> tuple[int, Servable]:
        """Returns a version and its servable, which the caller leaves by `with`.

        Raises:
            ServingError: No such model, version or label is served.
        """
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        with self.lock:
            known = self._versions.get(spec.name, {})
            loaded = [v for v in known.values() if v.state == AVAILABLE]
            number = self._asked(spec)
            if number is None:
                loaded.sort(key=lambda version: version.number, reverse=True)
                name = f"Latest({spec.name})"
            else:
                loaded = [version for version in loaded if version.number == number]
                name = f"Specific({spec.name}, {number})"
            if loaded and loaded[0].servable and loaded[0].servable.enter():
                return loaded[0].number, loaded[0].servable
        raise ServingError(StatusCode.NOT_FOUND, f"Servable not found for request: {name}")

    def status(self, spec: model_pb2.ModelSpec) -> get_model_status_pb2.GetModelStatusResponse:
        """Returns the states of the versions of a model, newest first.

        A label has no part in it, not even an unknown one: asked by a label, TensorFlow Serving
        2.16 tells of all versions.

        Raises:
            ServingError: No such model or version is known.
        """
        with self.lock:
            number = spec.version.value if spec.HasField("version") else None
            known = list(self._versions.get(spec.name, {}).values())
            if not known:
                self._missing(f"Could not find any versions of model {spec.name}")
            if number is not None:
                known = [version for version in known if version.number == number]
                if not known:
                    self._missing(f"Could not find version {number} of model {spec.name}")
            response = get_model_status_pb2.GetModelStatusResponse()
            for version in sorted(known, key=lambda version: version.number, reverse=True):
                entry = response.model_version_status.add(
                    version=version.number, state=version.state
                )
                entry.status.error_code = version.code.value[0]
                entry.status.error_message = version.message
        return response

    @staticmethod
    def _missing(message: str) -> NoReturn:
        raise ServingError(StatusCode.NOT_FOUND, message)

    def _asked(self, spec: model_pb2.ModelSpec) -> int | None:
        """Returns the version that is asked for, None for the latest."""
        if spec.version_label:
            labels = self._labels.get(spec.name, {})
            if spec.version_label not in labels:
                raise invalid(f"Unrecognized servable version label: {spec.version_label}")
            return labels[spec.version_label]
        return spec.version.value if spec.HasField("version") else None

    def known_name(self, name: str) -> bool:
        """Returns whether a model of that name is or was served."""
        return name in self._versions

    def add(self, name: str) -> None:
        """Adds a model, unless it is known."""
        with self.lock:
            self._versions.setdefault(name, {})

    def put(self, name: str, version: Version) -> None:
        """Adds a version of a model."""
        with self.lock:
            self._versions[name][version.number] = version

    def versions(self, name: str) -> dict[int, Version]:
        """Returns the known versions of a model by number."""
        with self.lock:
            return dict(self._versions[name])

    def everything(self) -> list[Version]:
        """Returns the versions of all models."""
        with self.lock:
            return [version for known in self._versions.values() for version in known.values()]

    def available(self, name: str) -> set[int]:
        """Returns the versions of a model that answer."""
        with self.lock:
            return self._available(name)

    def drop_labels(self, name: str) -> None:
        """Removes all labels of a model."""
        with self.lock:
            self._labels.pop(name, None)

    def set_labels(self, models: Iterable[Model], allow_unavailable: bool) -> None:
        """Assigns the labels that the configuration asks for.

        Args:
            models: Models of the configuration.
            allow_unavailable: Whether a new label may mean a version that does not answer.

        Raises:
            ServingError: A label would mean a version that does not answer.
        """
        wanted: dict[str, Mapping[str, int]] = {model.name: model.labels for model in models}
        with self.lock:
            for name, labels in wanted.items():
                now = self._labels.get(name, {})
                for label, number in labels.items():
                    unused = label not in now
                    if allow_unavailable and unused:
                        continue
                    if now.get(label) != number and number not in self._available(name):
                        raise ServingError(
                            StatusCode.FAILED_PRECONDITION,
                            f"Request to assign label to version {number} of model {name}, which "
                            "is not currently available for inference",
                        )
            self._labels = {name: dict(labels) for name, labels in wanted.items()}

    def _available(self, name: str) -> set[int]:
        known = self._versions.get(name, {}).values()
        return {version.number for version in known if version.state == AVAILABLE}
