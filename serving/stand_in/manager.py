"""Life cycle of versions: found, loaded, warmed up, served, unloaded, without a gap."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from serving import version_folders
from serving.stand_in.configuration import ConfigurationError, Model, Settings, read
from serving.stand_in.errors import ServingError
from serving.stand_in.loader import Loader
from serving.stand_in.metrics import Metrics
from serving.stand_in.served import Served
from serving.stand_in.versions import AVAILABLE, END, LOADING, START, Version

log = logging.getLogger(__name__)


class Manager:
    """Keeps the served versions in line with the files. `step` makes all changes, in one thread."""

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
            models: Models to serve.
            settings: Settings of watching and loading.
            metrics: Metrics that count the loads.
            config_file: Path of the file to read the models from again, if any.
            clock: Function that returns seconds.
        """
        self.served = Served()
        """Registry that requests ask."""

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
            ConfigurationError: A model could not be loaded, or a label can't be assigned.
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
        """Reads the configuration and the file system once, and applies what changed."""
        wait = self._settings.model_config_file_poll_wait_seconds
        if self._config_file and wait and self._clock() >= self._next_config:
            self._next_config = self._clock() + wait
            self._reload(self._config_file)
        for model in list(self._models.values()):
            self._follow(model)

    def _reload(self, path: str) -> None:
        """Applies a changed configuration, or logs why not and keeps the old one."""
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
        """Loads the versions that are missing, then unloads those that are not wanted."""
        folders = version_folders.find(model.base_path)
        if not folders:
            reason = "does not exist: what is loaded stays" if folders is None else "is empty"
            self._say(
                model.name,
                f"No versions of servable {model.name} found under base path {model.base_path}, "
                f"which {reason}.",
            )
        else:
            self._said.pop(model.name, None)
        if folders is None:
            return
        aspired = model.policy.choose(set(folders))
        known = self.served.versions(model.name)
        for number in sorted(aspired, reverse=True):
            version = known.get(number)
            if version is None or version.unwanted:
                version = Version(number, folders[number])
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
        """Returns whether one version answers, or none ever will."""
        states = [version.state for version in known.values()]
        return AVAILABLE in states or (bool(states) and set(states) == {END})

    def _say(self, about: str, message: str) -> None:
        """Logs a warning once, not at every poll."""
        if self._said.get(about) != message:
            self._said[about] = message
            log.warning(message)
