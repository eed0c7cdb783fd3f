"""A stateful stand-in for the Kubeflow Pipelines API, v2beta1: our model of it, not the real one.

Runs as a process of its own, so that the models of another version of `kfp-server-api` than the
client's can check the bodies. It holds experiments, pipelines, versions, runs and recurring runs,
and refuses what the real server refuses: unknown fields, wrong types, unknown ids, names taken,
unknown parameters, bad specifications. Beside its database it has Kubernetes' objects: a recurring
run's ScheduledWorkflow owns the Workflows of its runs, and takes them with it when it is deleted,
as Kubernetes' garbage collection does, unless they are orphaned. `/fake/…` is for the tests.

    python fake_kfp_api.py [--multi-user]      prints its port, then serves
"""

import argparse
import datetime
import email
import email.policy
import http.server
import itertools
import json
import re
import urllib.parse
import uuid

import kfp_server_api
import yaml

ARGO_NAME = re.compile(r"[a-zA-Z0-9](-?[a-zA-Z0-9])*")
NOT_FOUND, EXISTS, INVALID, UNAUTHENTICATED = (404, 5), (409, 6), (400, 3), (401, 16)
INTERNAL = (500, 13)
FILTERED = {
    "name": "display_name",
    "display_name": "display_name",
    "recurring_run_id": "recurring_run_id",
}
EQUALS = 1  # the client sends the number, which protobuf takes too
PREFIX = "/apis/v2beta1/"


class RefusalError(Exception):
    """An answer that is no success: HTTP status and gRPC code, and what is wrong."""

    def __init__(self, how, message):
        super().__init__(message)
        self.status, self.code = how


def check(value, kind, where):
    """Checks a JSON value against a type of `kfp-server-api`, field by field."""
    plain = {"str": (str, int), "bool": bool, "int": int, "datetime": str, "object": object}
    if kind in plain:  # int64 is a string by the specification; the client sends a number
        if not isinstance(value, plain[kind]) or (kind != "bool" and value is True):
            raise RefusalError(INVALID, f"{where}: {value!r} is no {kind}")
    elif kind.startswith("list["):
        for index, item in enumerate(value):
            check(item, kind[5:-1], f"{where}[{index}]")
    elif kind.startswith("dict("):
        for name, item in value.items():
            check(item, kind[5:-1].split(", ")[1], f"{where}.{name}")
    elif hasattr(model := getattr(kfp_server_api, kind), "allowable_values"):
        if value not in model.allowable_values:
            raise RefusalError(INVALID, f"{where}: {value!r} is none of {model.allowable_values}")
    else:
        known = {json_name: field for field, json_name in model.attribute_map.items()}
        for name, item in value.items():
            if name not in known:
                raise RefusalError(INVALID, f"{where}: unknown field {name!r}")
            check(item, model.openapi_types[known[name]], f"{where}.{name}")


def parse_package(text):
    """Returns the pipeline specification of an upload, refused as the server refuses it."""
    documents = [document for document in yaml.safe_load_all(text) if document]
    specs = [document for document in documents if "pipelineInfo" in document]
    platforms = [document for document in documents if "platforms" in document]
    if len(specs) != 1:
        raise RefusalError(INVALID, "no pipeline spec is provided")
    spec = specs[0]
    version = spec.get("schemaVersion")
    if version != "2.1.0":
        raise RefusalError(
            INVALID,
            "KFP only supports schema version 2.1.0, but the pipeline spec has version "
            + str(version),
        )
    for name, executor in spec.get("deploymentSpec", {}).get("executors", {}).items():
        if {"resolver", "customJob"} & set(executor):
            raise RefusalError(INVALID, f"{name}: executors not implemented")
    for name in spec["root"].get("dag", {}).get("tasks", {}):
        if not ARGO_NAME.fullmatch(name):
            raise RefusalError(
                INVALID, f"task name {name!r} must consist of alphanumeric characters or -"
            )
    return {"pipeline_spec": spec, "platform_spec": platforms[0]} if platforms else spec


class Fake:
    """The state, and what requests do to it."""

    def __init__(self, multi_user):
        self.multi_user = multi_user
        self.experiments, self.pipelines, self.versions = {}, {}, {}
        self.runs, self.recurring = {}, {}
        self.scheduled_workflows = set()  # Kubernetes' objects, by the id of the recurring run
        self.workflows = {}  # id of the owner, or None, by the id of the run
        self.logs = {}  # of pods, by name
        self.tag = "2.17.0"
        self.ends = []  # how the next runs that somebody looks at end, one after another
        self.clock = itertools.count()
        self.token, self.cookie, self.login_page, self.failures, self.history = (
            "",
            "",
            False,
            [],
            [],
        )

    def now(self):
        moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
        return (moment + datetime.timedelta(seconds=next(self.clock))).isoformat()

    def answer(self, method, path, query, body, upload, headers):
        """Returns the JSON of an answer."""
        if self.token and headers.get("Authorization") != f"Bearer {self.token}":
            raise RefusalError(
                UNAUTHENTICATED, "Request header error: there is no valid user identity"
            )
        if self.cookie and headers.get("Cookie") != self.cookie:
            raise RefusalError(UNAUTHENTICATED, "there is no session")
        for name, pattern, function in self.routes():
            match = re.fullmatch(pattern, path)
            if match and name == method:
                given = {"query": query, "body": body, "upload": upload}
                wanted = function.__code__.co_varnames[: function.__code__.co_argcount]
                return function(*match.groups(), **{k: v for k, v in given.items() if k in wanted})
        raise RefusalError(NOT_FOUND, f"Not Found: {method} {path}")

    def routes(self):
        return [
            ("GET", "healthz", self.healthz),
            ("GET", "experiments", self.list_experiments),
            ("POST", "experiments", self.create_experiment),
            ("GET", "pipelines", self.list_pipelines),
            ("POST", "pipelines/upload", self.upload_pipeline),
            ("POST", "pipelines/upload_version", self.upload_version),
            ("GET", "pipelines/([^/]+)/versions", self.list_versions),
            ("GET", "pipelines/([^/]+)/versions/([^/]+)", self.get_version),
            ("GET", "runs", self.list_runs),
            ("POST", "runs", self.create_run),
            ("GET", "runs/([^/]+)", self.get_run),
            ("GET", "/apis/v1alpha1/runs/([^/]+)/nodes/([^/]+)/log", self.read_log),
            ("GET", "recurringruns", self.list_recurring),
            ("POST", "recurringruns", self.create_recurring),
            ("POST", "recurringruns/([^/:]+):(enable|disable)", self.set_mode),
            ("DELETE", "recurringruns/([^/:]+)", self.delete_recurring),
        ]

    def healthz(self):
        return {"commit_sha": "unknown", "tag_name": self.tag, "multi_user": self.multi_user}

    def list_experiments(self, query):
        return self.page(self.in_namespace(self.experiments, query), "experiments", query)

    def create_experiment(self, body):
        check(body, "V2beta1Experiment", "experiment")
        body["namespace"] = self.namespace(body.get("namespace", ""))
        return self.add(self.experiments, "experiment_id", body, unique=("namespace",))

    def list_pipelines(self, query):
        namespace = query.get("namespace", "") if self.multi_user else ""
        found = [p for p in self.pipelines.values() if p["namespace"] == namespace]  # or shared
        return self.page(found, "pipelines", query)

    def upload_pipeline(self, query, upload):
        namespace = query.get("namespace", "") if self.multi_user else ""
        spec = parse_package(upload)
        fields = {"display_name": query["name"], "description": query.get("description", "")}
        pipeline = self.add(
            self.pipelines, "pipeline_id", {**fields, "namespace": namespace}, ("namespace",)
        )
        version = {**fields, "pipeline_id": pipeline["pipeline_id"], "pipeline_spec": spec}
        self.add(self.versions, "pipeline_version_id", version, ("pipeline_id",))
        return pipeline

    def upload_version(self, query, upload):
        self.find(self.pipelines, query["pipelineid"])
        version = {
            "display_name": query["name"],
            "description": query.get("description", ""),
            "pipeline_id": query["pipelineid"],
            "pipeline_spec": parse_package(upload),
        }
        return self.add(self.versions, "pipeline_version_id", version, ("pipeline_id",))

    def list_versions(self, pipeline_id, query):
        found = [v for v in self.versions.values() if v["pipeline_id"] == pipeline_id]
        return self.page(found, "pipeline_versions", query)

    def get_version(self, pipeline_id, version_id):
        self.find(self.pipelines, pipeline_id)
        return self.find(self.versions, version_id)

    def list_runs(self, query):
        return self.page(self.of_experiment(self.runs, query), "runs", query)

    def create_run(self, body):
        check(body, "V2beta1Run", "run")
        self.check_work(body)
        run = self.add(self.runs, "run_id", {**body, "state": "PENDING"})
        self.workflows[run["run_id"]] = None
        return run

    def get_run(self, identity):
        run = self.find(self.runs, identity)
        if self.ends and run["state"] == "PENDING":
            run["state"] = self.ends.pop(0)
        return run

    def read_log(self, run_id, pod):
        """Answers 200 in any case, as the real handler does before it looks for the log."""
        self.find(self.runs, run_id)
        missing = f'Failed to read logs for run {run_id}: pods "{pod}" not found'
        return self.logs.get(pod, json.dumps({"error_message": missing}))

    def trigger(self, identity, state="RUNNING"):
        """Lets a recurring run start a run, which its ScheduledWorkflow owns."""
        recurring = self.find(self.recurring, identity)
        fields = {"display_name": "a scheduled run", "experiment_id": recurring["experiment_id"]}
        fields |= {"state": state, "recurring_run_id": identity}
        run = self.add(self.runs, "run_id", fields)
        self.workflows[run["run_id"]] = identity

    def list_recurring(self, query):
        return self.page(self.of_experiment(self.recurring, query), "recurringRuns", query)

    def create_recurring(self, body):
        check(body, "V2beta1RecurringRun", "recurring_run")
        self.check_work(body)
        if body.get("mode") not in ("ENABLE", "DISABLE"):
            raise RefusalError(INVALID, f"invalid mode {body.get('mode')!r}")
        if not 1 <= int(body.get("max_concurrency", 0)) <= 10:
            raise RefusalError(INVALID, "max_concurrency must be in the range [1, 10]")
        cron = body["trigger"]["cron_schedule"]["cron"]
        if len(cron.split()) not in (5, 6):
            raise RefusalError(INVALID, f"Schedule cron is not a valid cron expression: {cron!r}")
        recurring = self.add(self.recurring, "recurring_run_id", body)
        self.scheduled_workflows.add(recurring["recurring_run_id"])
        return recurring

    def set_mode(self, identity, mode):
        recurring = self.find(self.recurring, identity)
        if identity not in self.scheduled_workflows:
            raise RefusalError(
                INTERNAL,
                f"Failed to {mode} a recurring run: Failed to change recurring "
                f'run\'s mode: scheduledworkflows.kubeflow.org "{identity}" not found',
            )
        recurring["mode"] = mode.upper()
        return {}

    def delete_recurring(self, identity, query):
        """Deletes a recurring run; older servers take no notice of the policy."""
        del self.recurring[self.find(self.recurring, identity)["recurring_run_id"]]
        orphan = query.get("propagation_policy") == "ORPHAN" and not self.tag.startswith("2.15")
        owned = [run for run, owner in self.workflows.items() if owner == identity]
        if identity in self.scheduled_workflows:
            self.scheduled_workflows.remove(identity)
            for run in owned if not orphan else ():
                del self.workflows[run]  # the database goes on saying that it runs
        return {}

    def check_work(self, body):
        """Checks what runs and recurring runs have in common."""
        if not body.get("display_name"):
            raise RefusalError(INVALID, "name is empty. Please specify a valid name")
        self.find(self.experiments, body["experiment_id"])
        reference = body["pipeline_version_reference"]
        self.find(self.pipelines, reference["pipeline_id"])
        spec = self.find(self.versions, reference["pipeline_version_id"])["pipeline_spec"]
        spec = spec.get("pipeline_spec", spec)
        known = spec["root"].get("inputDefinitions", {}).get("parameters", {})
        given = body.get("runtime_config", {}).get("parameters", {})
        for name in set(given) - set(known):
            raise RefusalError(INVALID, f"parameter {name} is not defined in the pipeline")
        for name, of in known.items():
            if name not in given and "defaultValue" not in of and not of.get("isOptional"):
                raise RefusalError(INVALID, f"parameter {name} is required")

    def in_namespace(self, items, query):
        namespace = self.namespace(query.get("namespace", ""))
        return [item for item in items.values() if item.get("namespace", "") == namespace]

    def of_experiment(self, items, query):
        if "experiment_id" in query:
            self.find(self.experiments, query["experiment_id"])
            experiments = {query["experiment_id"]}
        else:
            experiments = {e["experiment_id"] for e in self.in_namespace(self.experiments, query)}
        return [item for item in items.values() if item["experiment_id"] in experiments]

    def namespace(self, given):
        if self.multi_user and not given:
            raise RefusalError(INVALID, "cannot have an empty namespace in multi-user mode")
        return given if self.multi_user else ""

    def find(self, items, identity):
        if identity not in items:
            raise RefusalError(NOT_FOUND, f"{identity} not found")
        return items[identity]

    def add(self, items, key, fields, unique=None):
        for other in items.values() if unique is not None else ():
            if all(other[k] == fields[k] for k in ("display_name", *unique)):
                raise RefusalError(EXISTS, f"The name {fields['display_name']} already exists")
        identity = str(uuid.uuid4())
        items[identity] = {**fields, key: identity, "created_at": self.now()}
        return items[identity]

    def page(self, items, name, query):
        for predicate in json.loads(query.get("filter") or "{}").get("predicates", []):
            how, key = predicate["operation"], predicate["key"]
            if how not in ("EQUALS", EQUALS) or key not in FILTERED:
                raise RefusalError(INVALID, f"filter {predicate} is not known")
            items = [i for i in items if i.get(FILTERED[key]) == predicate["stringValue"]]
        if query.get("sort_by", "").endswith(" desc"):
            items = items[::-1]
        start, size = int(query.get("page_token") or 0), int(query.get("page_size") or 10)
        answer = {"total_size": len(items)}
        if items[start : start + size]:  # an empty list is left out
            answer[name] = items[start : start + size]
        if start + size < len(items):
            answer["next_page_token"] = str(start + size)
        return answer

    def control(self, path, body):
        """What tests do: `state`, `forget` it, `set` an attribute, `fail` a request, `trigger` a
        schedule, `end` a run, `lose` a schedule's Kubernetes object."""
        if path == "set":
            for name, value in body.items():
                setattr(self, name, value)
        elif path == "forget":
            self.__init__(self.multi_user)
        elif path == "fail":
            self.failures.append(body)
        elif path == "trigger":
            self.trigger(**body)
        elif path == "end":
            self.runs[body["run"]]["state"] = body.get("state", "SUCCEEDED")
            self.runs[body["run"]].update(body.get("fields", {}))
        elif path == "lose":
            self.scheduled_workflows.remove(body["schedule"])
        return {
            "history": self.history,
            "experiments": list(self.experiments.values()),
            "pipelines": list(self.pipelines.values()),
            "versions": list(self.versions.values()),
            "runs": list(self.runs.values()),
            "recurring": list(self.recurring.values()),
            "workflows": list(self.workflows),
        }


class Handler(http.server.BaseHTTPRequestHandler):
    """HTTP before the state."""

    fake = None

    def serve(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "")
        upload = body = None
        if kind.startswith("multipart/"):
            head = f"Content-Type: {kind}\r\n\r\n".encode()
            message = email.message_from_bytes(head + content, policy=email.policy.HTTP)
            upload = next(message.iter_parts()).get_payload(decode=True).decode()
        elif content:
            body = json.loads(content)
        if url.path.startswith("/fake/"):
            return self.reply(200, self.fake.control(url.path.removeprefix("/fake/"), body))
        if self.fake.login_page:
            return self.reply(200, "<html>Log in</html>", "text/html; charset=utf-8")
        path = url.path.removeprefix(PREFIX)
        failure = next(
            (f for f in self.fake.failures if re.fullmatch(f["request"], f"{self.command} {path}")),
            None,
        )
        try:
            if failure and not failure.get("after"):
                raise RefusalError((failure["status"], 13), failure["message"])
            answer = self.fake.answer(self.command, path, query, body, upload, self.headers)
            self.fake.history.append(
                {
                    "request": f"{self.command} {path}",
                    "on": sum(r["mode"] == "ENABLE" for r in self.fake.recurring.values()),
                }
            )
            if failure:
                raise RefusalError((failure["status"], 13), failure["message"])
        except RefusalError as refusal:
            if failure:
                self.fake.failures.remove(failure)
            return self.reply(
                refusal.status,
                {"error": str(refusal), "code": refusal.code, "message": str(refusal)},
                cookie=True,
            )
        kind = "text/plain" if isinstance(answer, str) else "application/json"
        return self.reply(200, answer, kind)

    do_GET = do_POST = do_DELETE = serve  # noqa: N815, the standard library's names

    def reply(self, status, answer, kind="application/json", cookie=False):
        content = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if cookie:
            self.send_header("Set-Cookie", "session=servers-secret")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--multi-user", action="store_true")
    Handler.fake = Fake(parser.parse_args().multi_user)
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
