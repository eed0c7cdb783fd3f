"""What this project asks of a Kubeflow Pipelines API, through the official client."""

import contextlib
import dataclasses
import json
import pathlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import kfp_server_api

from pipeline.kubeflow.api.connection import Authentication, connect, explained, said
from pipeline.kubeflow.environment.cluster import Environment

PAGE = 100
ENABLED = "ENABLE"
FINAL = ("SUCCEEDED", "FAILED", "SKIPPED", "CANCELED")
ORPHANS_SINCE = (2, 16)  # older servers take no notice of the policy


@dataclasses.dataclass(frozen=True)
class Version:
    """A version of the pipeline on the server."""

    pipeline_id: str
    version_id: str
    name: str
    description: str
    created: str
    parameters: dict[str, str]
    """Type of each runtime parameter, such as "NUMBER_INTEGER"."""


@dataclasses.dataclass(frozen=True)
class Schedule:
    """A recurring run: when, and of what."""

    cron: str
    version_id: str
    parameters: dict[str, Any]


class Server:
    """The API of one environment."""

    def __init__(self, environment: Environment, who: Authentication) -> None:
        """Connects.

        Raises:
            ServerError: The server can't be reached or refuses us.
        """
        self.environment = environment
        self._who = who
        connection = connect(environment, who)
        self._client = connection.client
        self.spares_runs = connection.release >= ORPHANS_SINCE
        """Whether a recurring run can be deleted without the run of it that is under way."""

    def experiment_id(self) -> str | None:
        """Returns the id of the environment's experiment, or None where there is none."""
        name = self.environment.experiment
        found = self._all(
            self._client.list_experiments, "experiments", _named(name), **self._namespace
        )
        return next((item.experiment_id for item in found), None)

    def create_experiment(self) -> str:
        """Creates the environment's experiment, and returns its id."""
        with self._calls():
            return self._client.create_experiment(
                self.environment.experiment, **self._namespace
            ).experiment_id

    def pipeline_id(self) -> str | None:
        """Returns the id of the environment's pipeline, or None where there is none."""
        name = self.environment.pipeline_name
        found = self._all(self._client.list_pipelines, "pipelines", _named(name), **self._namespace)
        return next((item.pipeline_id for item in found), None)

    def create_pipeline(self, package: pathlib.Path, description: str) -> str:
        """Creates the environment's pipeline, and returns its id.

        The server gives it a first version of the same name, which nobody asked for.
        """
        with self._calls():
            return self._client.upload_pipeline(
                str(package), self.environment.pipeline_name, description, **self._namespace
            ).pipeline_id

    def version(self, pipeline_id: str, name: str) -> Version | None:
        """Returns the version of that name, or None where there is none."""
        found = self._all(
            self._client.list_pipeline_versions,
            "pipeline_versions",
            _named(name),
            pipeline_id=pipeline_id,
        )
        return next(map(_version, found), None)

    def latest_versions(self, pipeline_id: str, most: int) -> list[Version]:
        """Returns the versions that were uploaded last, newest first."""
        with self._calls():
            answer = self._client.list_pipeline_versions(
                pipeline_id=pipeline_id, page_size=most, sort_by="created_at desc"
            )
        return [_version(item) for item in answer.pipeline_versions or []]

    def version_name(self, pipeline_id: str, version_id: str) -> str:
        """Returns the name of a version."""
        with self._calls():
            return self._client.get_pipeline_version(pipeline_id, version_id).display_name

    def upload(self, pipeline_id: str, package: pathlib.Path, name: str, description: str) -> None:
        """Uploads a version."""
        with self._calls():
            self._client.upload_pipeline_version(
                str(package), name, pipeline_id=pipeline_id, description=description
            )

    def start(self, experiment_id: str, version: Version, name: str, values: dict[str, Any]) -> str:
        """Starts a run, and returns its id."""
        with self._calls():
            return self._client.run_pipeline(
                experiment_id, name, params=values, **self._how(version)
            ).run_id

    def runs(self, experiment_id: str, most: int) -> list[Any]:
        """Returns the latest runs of an experiment, newest first, as the client's `V2beta1Run`."""
        with self._calls():
            answer = self._client.list_runs(
                experiment_id=experiment_id, page_size=most, sort_by="created_at desc"
            )
        return answer.runs or []

    def run(self, run_id: str) -> Any:
        """Returns a run with the details of its tasks, as the client's `V2beta1Run`."""
        with self._calls():
            return self._client.get_run(run_id)

    def log(self, run_id: str, pod: str) -> str:
        """Returns the log of a pod, or what the server says of why there is none.

        Args:
            run_id: Of the run.
            pod: Name of the pod.
        """
        with self._calls():
            try:
                answer = self._client._run_api.api_client.call_api(
                    "/apis/v1alpha1/runs/{run_id}/nodes/{node_id}/log",
                    "GET",
                    {"run_id": run_id, "node_id": pod},
                    auth_settings=["Bearer"],
                    _preload_content=False,
                    _return_http_data_only=True,
                )
            except kfp_server_api.ApiException as error:
                return said(error.body, error.reason)
        return str(answer.data.decode("utf-8", "replace"))

    def under_way(self, schedule: Any) -> Any | None:
        """Returns a run of a recurring run that has not ended, or None; it has at most one."""
        with self._calls():
            answer = self._client.list_runs(
                experiment_id=schedule.experiment_id,
                page_size=PAGE,
                sort_by="created_at desc",
                filter=_equals("recurring_run_id", schedule.recurring_run_id),
            )
        return next((run for run in answer.runs or [] if run.state not in FINAL), None)

    def schedules(self) -> list[Any]:
        """Returns the environment's recurring runs, as the client's `V2beta1RecurringRun`."""
        name = self.environment.pipeline_name
        return self._all(
            self._client.list_recurring_runs, "recurring_runs", _named(name), **self._namespace
        )

    def create_schedule(
        self, experiment_id: str, version: Version, cron: str, values: dict[str, Any]
    ) -> str:
        """Creates a recurring run that is switched off, and returns its id.

        One run at a time; what was missed while the cluster was down is not caught up with, since
        a run always trains on all data. Caching is the compiled pipeline's business.
        """
        with self._calls():
            return self._client.create_recurring_run(
                experiment_id,
                self.environment.pipeline_name,
                cron_expression=cron,
                max_concurrency=1,
                no_catchup=True,
                enabled=False,
                params=values,
                **self._how(version),
            ).recurring_run_id

    def switch_on(self, schedule_id: str) -> None:
        """Lets a recurring run start runs; one that does already stays as it is.

        Raises:
            ScheduleGoneError: It never will: its Kubernetes object is gone.
        """
        with self._calls():
            self._client.enable_recurring_run(schedule_id)

    def switch_off(self, schedule_id: str) -> None:
        """Keeps a recurring run from starting runs; what runs already goes on.

        Raises:
            ScheduleGoneError: It starts none: its Kubernetes object is gone.
        """
        with self._calls():
            self._client.disable_recurring_run(schedule_id)

    def delete_schedule(self, schedule_id: str) -> None:
        """Deletes a recurring run, and with it, unless the server `spares_runs`, its run.

        The Workflow of a run belongs to the Kubernetes object of its recurring run, with which
        Kubernetes would collect it. The pinned client does not know the policy against that.
        """
        with self._calls():
            self._client._recurring_run_api.api_client.call_api(
                "/apis/v2beta1/recurringruns/{recurring_run_id}",
                "DELETE",
                {"recurring_run_id": schedule_id},
                [("propagation_policy", "ORPHAN")],
                {"Accept": "application/json"},
                response_type="object",
                auth_settings=["Bearer"],
            )

    @property
    def _namespace(self) -> dict[str, str]:
        """The argument that multi-user installations need, and single-user ones ignore."""
        return {"namespace": self.environment.namespace}

    def _how(self, version: Version) -> dict[str, str]:
        return {
            "pipeline_id": version.pipeline_id,
            "version_id": version.version_id,
            "pipeline_root": self.environment.pipeline_root,
            "service_account": self.environment.service_account,
        }

    def _all(
        self, page: Callable[..., Any], items: str, filtered: str | None, **arguments: Any
    ) -> list[Any]:
        """Returns the items of all pages; the server's lists are None, not [], when empty."""
        found: list[Any] = []
        token = ""
        while True:
            with self._calls():
                answer = page(page_token=token, page_size=PAGE, filter=filtered, **arguments)
            found += getattr(answer, items) or []
            token = answer.next_page_token
            if not token:
                return found

    @contextlib.contextmanager
    def _calls(self) -> Iterator[None]:
        """Explains the client's errors, and sends its links to stderr, beside our own output."""
        with explained(self.environment, self._who), contextlib.redirect_stdout(sys.stderr):
            yield


def _named(name: str) -> str:
    return _equals("display_name", name)


def _equals(key: str, value: str) -> str:
    predicate = {"operation": "EQUALS", "key": key, "stringValue": value}
    return json.dumps({"predicates": [predicate]})


def _version(item: Any) -> Version:
    return Version(
        item.pipeline_id,
        item.pipeline_version_id,
        item.display_name,
        item.description or "",
        str(item.created_at or ""),
        _parameters(item.pipeline_spec),
    )


def _parameters(spec: dict[str, Any] | None) -> dict[str, str]:
    spec = spec or {}
    spec = spec.get("pipeline_spec", spec)  # wrapped so where there is a platform spec too
    root = spec.get("root", {}).get("inputDefinitions", {}).get("parameters", {})
    return {name: of["parameterType"] for name, of in root.items()}
