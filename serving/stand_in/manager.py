"""The life of versions: found, loaded, warmed up, served, unloaded; never a gap in between."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from serving.stand_in import versions
from serving.stand_in.configuration import ConfigurationError, Model, Settings, read
from serving.stand_in.errors import ServingError
from serving.stand_in.loader import Loader
from serving.stand_in.metrics import Metrics
from serving.stand_in.served import Served
from serving.stand_in.versions import AVAILABLE, END, LOADING, START, Version

log = logging.getLogger(__name__)


class Manager:
    """Makes what is served follow the files. `step` does all changes, from one thread."""

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
        self.served = Served()
        """What requests ask."""

        self._loader = Loader(self.served, settings, metrics, clock)
        self._settings = settings
        self._config_file = config_file
        self._clock = clock
        self._models = {model.name: model for model in models}
        for name in self._models:
            self.served.add(name)
        self._said: dict[str, str] = {}
        self._next_config = self._clock() + settings.model_config_file_poll_wait_seconds
        self._stopped = threading.Event()

    def start(self) -> None:
        """Loads every model for the first time, waiting for versions to appear.

        Raises:
            ConfigurationError: A model could not be loaded, or a label can't be given.
        """
        while not self._stopped.is_set():
            self.step()
            known = {name: self.served.versions(name) for name in self._models}
            failed = [
                f"{name}: {version.message}"
                for name, of_model in known.items()
                for version in of_model.values()
                if version.state == END and not self.served.available(name)
            ]
            if all(map(self._settled, known.values())):
                if failed:
                    raise ConfigurationError("No version could be loaded. " + " ".join(failed))
                self._set_labels(self._models)
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
        for version in self.served.everything():
            self._loader.discard(version)

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
                self._models = models
                for name, model in models.items():
                    self.served.add(name)
                    self._follow(model)
            self._set_labels(models)
        except (ConfigurationError, ServingError) as error:
            self._say("config", f"The new configuration is not in force: {error}")
        else:
            self._said.pop("config", None)

    def _drop(self, name: str) -> None:
        log.info("Model %s is not in the configuration any more.", name)
        for version in self.served.versions(name).values():
            self._loader.discard(version)
        self.served.drop_labels(name)

    def _set_labels(self, models: Mapping[str, Model]) -> None:
        self.served.set_labels(
            models.values(), self._settings.allow_version_labels_for_unavailable_models
        )

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
        known = self.served.versions(model.name)
        for number in sorted(aspired, reverse=True):
            version = known.get(number)
            if version is None or version.unwanted:
                version = Version(number, found[number])
                self.served.put(model.name, version)
            if version.state in (START, LOADING) and self._clock() >= version.next_attempt:
                self._loader.load(model.name, version)
        # Availability first: what answers stays until something that should answer does.
        may_unload = not aspired or bool(self.served.available(model.name) & aspired)
        for number, version in self.served.versions(model.name).items():
            if number not in aspired and (may_unload or version.state != AVAILABLE):
                self._loader.discard(version)

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
