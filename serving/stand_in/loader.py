"""Loading of versions, with warm-up and retries, and their unloading."""

import logging
import time
from collections.abc import Callable

import tensorflow as tf

from serving.stand_in.configuration import Settings
from serving.stand_in.errors import ServingError, StatusCode, from_tensorflow
from serving.stand_in.metrics import Metrics
from serving.stand_in.servable import LOAD_ERRORS, Servable
from serving.stand_in.served import Served
from serving.stand_in.versions import AVAILABLE, END, LOADING, UNLOADING, Version

log = logging.getLogger(__name__)


class Loader:
    """Moves versions from one state to the next."""

    def __init__(
        self, served: Served, settings: Settings, metrics: Metrics, clock: Callable[[], float]
    ) -> None:
        """Creates a loader.

        Args:
            served: Registry of the versions.
            settings: Settings of loading.
            metrics: Metrics that count the loads.
            clock: Function that returns seconds.
        """
        self._served = served
        self._settings = settings
        self._metrics = metrics
        self._clock = clock

    def load(self, name: str, version: Version) -> None:
        """Tries to load a version of the model `name`, and records the outcome in its state."""
        with self._served.lock:
            version.state = LOADING
        version.attempts += 1
        began = time.perf_counter()
        try:
            servable = Servable(version.path, self._session_config())
            self._warm_up(servable)
        except LOAD_ERRORS as error:
            self._metrics.load_attempts.add(1, version.path, "fail")
            self._failed(name, version, error)
            return
        self._metrics.load_attempts.add(1, version.path, "success")
        with self._served.lock:
            version.servable, version.state = servable, AVAILABLE
            version.code, version.message = StatusCode.OK, ""
        took = time.perf_counter() - began
        log.info("Version %d of %s is AVAILABLE after %.1f s.", version.number, name, took)

    def discard(self, version: Version) -> None:
        """Unloads a version; the requests that it has begun are still answered."""
        version.unwanted = True
        with self._served.lock:
            servable, version.servable = version.servable, None
            version.state = UNLOADING if servable else END
        if servable:
            servable.retire()
            with self._served.lock:
                version.state = END
            log.info("%s is unloaded.", version.path)

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

    def _failed(self, name: str, version: Version, error: Exception) -> None:
        cause = from_tensorflow(error) if isinstance(error, tf.errors.OpError) else error
        code = cause.code if isinstance(cause, ServingError) else StatusCode.INTERNAL
        final = version.attempts > self._settings.max_num_load_retries
        with self._served.lock:
            version.code, version.message = code, str(cause)
            version.state = END if final else LOADING
        version.next_attempt = self._clock() + self._settings.load_retry_interval_micros / 1e6
        log.error(
            "Version %d of %s (%s) could not be loaded, attempt %d%s: %s",
            version.number,
            name,
            version.path,
            version.attempts,
            "; given up" if final else "",
            cause,
        )

    def _session_config(self) -> tf.compat.v1.ConfigProto:
        return tf.compat.v1.ConfigProto(
            intra_op_parallelism_threads=self._settings.tensorflow_intra_op_parallelism,
            inter_op_parallelism_threads=self._settings.tensorflow_inter_op_parallelism,
        )
