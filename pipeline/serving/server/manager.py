"""The life of versions: found, loaded, warmed up, served, unloaded; never a gap in between."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NoReturn

import tensorflow as tf
from tensorflow_serving.apis import get_model_status_pb2, model_pb2

from pipeline.serving.server import versions
from pipeline.serving.server.configuration import ConfigurationError, Model, Settings, read
from pipeline.serving.server.errors import ServingError, StatusCode, from_tensorflow, invalid
from pipeline.serving.server.metrics import Metrics
from pipeline.serving.server.servable import LOAD_ERRORS, Servable
from pipeline.serving.server.versions import (
    AVAILABLE,
    END,
    LOADING,
    START,
    UNLOADING,
    Version,
)

log = logging.getLogger(__name__)


class Manager:
    """Serves models. `step` does all changes, from one thread; requests come from any."""

    def __init__(
        self,
        models: Iterable[Model],
        settings: Settings,
        metrics: Metrics,
        config_file: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Creates a manager that has loaded nothing yet.

        Args:
            models: What to serve.
            settings: How.
            metrics: Where loads are counted.
            config_file: Where `models` came from, if it is to be read again.
            clock: Gives seconds.
        """
        self._settings = settings
        self._metrics = metrics
        self._config_file = config_file
        self._clock = clock
        self._lock = threading.Lock()
        self._models = {model.name: model for model in models}
        self._versions: dict[str, dict[int, Version]] = {name: {} for name in self._models}
        self._labels: dict[str, dict[str, int]] = {}
        self._said: dict[str, str] = {}
        self._next_config = self._clock() + settings.model_config_file_poll_wait_seconds
        self._stopped = threading.Event()

    # What requests ask.

    def use(self, spec: model_pb2.ModelSpec) -> tuple[int, Servable]:
        """Returns a version and its servable, to be left by `with`.

        Raises:
            ServingError: No such model, version or label is served.
        """
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        with self._lock:
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
        """Returns the state of the versions of a model, the newest first.

        Raises:
            ServingError: No such model, version or label is known.
        """
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        with self._lock:
            number = self._asked(spec)
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
        """Whether a model of that name is or was served."""
        return name in self._versions

    # What changes.

    def start(self) -> None:
        """Loads every model for the first time, waiting for versions to appear.

        Raises:
            ConfigurationError: A model could not be loaded, or a label can't be given.
        """
        while not self._stopped.is_set():
            self.step()
            with self._lock:
                waiting = [name for name in self._models if not self._settled(self._versions[name])]
                failed = [
                    f"{name}: {version.message}"
                    for name in self._models
                    for version in self._versions[name].values()
                    if version.state == END and not self._available(name)
                ]
            if not waiting:
                if failed:
                    raise ConfigurationError("No version could be loaded. " + " ".join(failed))
                self._set_labels(self._models.values())
                return
            self._stopped.wait(self._settings.file_system_poll_wait_seconds)

    def watch(self) -> None:
        """Follows the file system until `stop`."""
        while not self._stopped.wait(self._settings.file_system_poll_wait_seconds):
            self.step()

    def stop(self) -> None:
        """Ends `start` or `watch`, and lets no new request in."""
        self._stopped.set()

    def close(self) -> None:
        """Unloads everything."""
        with self._lock:
            everything = [v for known in self._versions.values() for v in known.values()]
        for version in everything:
            self._discard(version)

    def step(self) -> None:
        """Looks at the configuration and at the file system once, and does what they ask for."""
        wait = self._settings.model_config_file_poll_wait_seconds
        if self._config_file and wait and self._clock() >= self._next_config:
            self._next_config = self._clock() + wait
            self._reload(self._config_file)
        for model in list(self._models.values()):
            self._follow(model)

    def _reload(self, path: str) -> None:
        """Takes over a changed configuration, or says why not and keeps the old one."""
        try:
            models = {model.name: model for model in read(path)}
            if models != self._models:
                for name in self._models.keys() - models.keys():
                    self._drop(name)
                with self._lock:
                    self._models = models
                    for name in models:
                        self._versions.setdefault(name, {})
                for model in models.values():
                    self._follow(model)
            self._set_labels(models.values())
        except (ConfigurationError, ServingError) as error:
            self._say("config", f"The new configuration is not in force: {error}")
        else:
            self._said.pop("config", None)

    def _drop(self, name: str) -> None:
        log.info("Model %s is not in the configuration any more.", name)
        for version in self._versions[name].values():
            self._discard(version)
        self._labels.pop(name, None)

    def _set_labels(self, models: Iterable[Model]) -> None:
        """Gives the labels that the configuration asks for.

        Raises:
            ServingError: A label would point to a version that does not answer.
        """
        wanted: dict[str, Mapping[str, int]] = {model.name: model.labels for model in models}
        with self._lock:
            for name, labels in wanted.items():
                now = self._labels.get(name, {})
                for label, number in labels.items():
                    unused = label not in now
                    if self._settings.allow_version_labels_for_unavailable_models and unused:
                        continue
                    if now.get(label) != number and number not in self._available(name):
                        raise ServingError(
                            StatusCode.FAILED_PRECONDITION,
                            f"Request to assign label to version {number} of model {name}, which "
                            "is not currently available for inference",
                        )
            self._labels = {name: dict(labels) for name, labels in wanted.items()}

    def _follow(self, model: Model) -> None:
        """Loads what should be there and is not, then unloads what should not be there."""
        found = versions.find(model.base_path)
        if not found:
            reason = "does not exist: what is loaded stays" if found is None else "is empty"
            self._say(
                model.name,
                f"No versions of servable {model.name} found under base path {model.base_path}, "
                f"which {reason}.",
            )
        else:
            self._said.pop(model.name, None)
        if found is None:
            return
        aspired = model.policy.choose(set(found))
        known = self._versions[model.name]
        for number in sorted(aspired, reverse=True):
            version = known.get(number)
            if version is None or version.unwanted:
                version = Version(number, found[number])
                with self._lock:
                    known[number] = version
            if version.state in (START, LOADING) and self._clock() >= version.next_attempt:
                self._load(model, version)
        # Availability first: what answers stays until something that should answer does.
        may_unload = not aspired or bool(self._available(model.name) & aspired)
        for number, version in known.items():
            if number not in aspired and (may_unload or version.state != AVAILABLE):
                self._discard(version)

    def _load(self, model: Model, version: Version) -> None:
        with self._lock:
            version.state = LOADING
        version.attempts += 1
        began = time.perf_counter()
        try:
            servable = Servable(version.path, self._session_config())
            self._warm_up(servable)
        except LOAD_ERRORS as error:
            self._metrics.load_attempts.add(1, version.path, "fail")
            self._failed(model, version, error)
            return
        self._metrics.load_attempts.add(1, version.path, "success")
        with self._lock:
            version.servable, version.state = servable, AVAILABLE
            version.code, version.message = StatusCode.OK, ""
        took = time.perf_counter() - began
        log.info("Version %d of %s is AVAILABLE after %.1f s.", version.number, model.name, took)

    def _warm_up(self, servable: Servable) -> None:
        if not self._settings.enable_model_warmup:
            return
        began = time.perf_counter()
        status = "Error"
        try:
            count = servable.warm_up()
            status = "OK"
        finally:
            if status != "OK":
                servable.retire()
            micros = (time.perf_counter() - began) * 1e6
            self._metrics.warmup_latency.observe(micros, servable.path, status)
        if count:
            log.info("%d warm-up requests of %s.", count, servable.path)

    def _failed(self, model: Model, version: Version, error: Exception) -> None:
        told = from_tensorflow(error) if isinstance(error, tf.errors.OpError) else error
        code = told.code if isinstance(told, ServingError) else StatusCode.INTERNAL
        final = version.attempts > self._settings.max_num_load_retries
        with self._lock:
            version.code, version.message = code, str(told)
            version.state = END if final else LOADING
        version.next_attempt = self._clock() + self._settings.load_retry_interval_micros / 1e6
        log.error(
            "Version %d of %s (%s) could not be loaded, attempt %d%s: %s",
            version.number,
            model.name,
            version.path,
            version.attempts,
            "; given up" if final else "",
            told,
        )

    def _discard(self, version: Version) -> None:
        """Makes sure that a version does not answer; its last requests are still answered."""
        version.unwanted = True
        with self._lock:
            servable, version.servable = version.servable, None
            version.state = UNLOADING if servable else END
        if servable:
            servable.retire()
            with self._lock:
                version.state = END
            log.info("%s is unloaded.", version.path)

    def _session_config(self) -> tf.compat.v1.ConfigProto:
        return tf.compat.v1.ConfigProto(
            intra_op_parallelism_threads=self._settings.tensorflow_intra_op_parallelism,
            inter_op_parallelism_threads=self._settings.tensorflow_inter_op_parallelism,
        )

    def _available(self, name: str) -> set[int]:
        known = self._versions.get(name, {}).values()
        return {version.number for version in known if version.state == AVAILABLE}

    @staticmethod
    def _settled(known: Mapping[int, Version]) -> bool:
        """Whether one version answers, or none ever will."""
        states = [version.state for version in known.values()]
        return AVAILABLE in states or (bool(states) and set(states) == {END})

    def _say(self, about: str, message: str) -> None:
        """Logs a warning once, not at every poll."""
        if self._said.get(about) != message:
            self._said[about] = message
            log.warning(message)
