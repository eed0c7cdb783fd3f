"""Web page and its JSON API, as a WSGI application that is a client of the model server."""

import functools
import importlib.resources
import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from werkzeug.exceptions import BadRequest, Forbidden, HTTPException, NotFound
from werkzeug.wrappers import Request, Response

from serving import version_folders
from serving.client.recommender import Answer, RecommenderClient
from serving.client.transport import RequestRefused, ServingUnavailable
from serving.page import catalogue

SHOWN = 10
REASONS = 2
LONGEST_HISTORY = 500
SEARCHED = 2
"""Characters from which on users are searched by: nobody gets the list of all."""

FOUND_USERS = 8
LARGEST_BODY = 64 * 2**10
FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/map.js": ("map.js", "text/javascript"),
}
"""File and media type by path: the only files that are ever sent."""

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Page:
    """WSGI application of the page."""

    def __init__(self, client: RecommenderClient, base_path: str, users: bool = True) -> None:
        """Reads the files of the page.

        Args:
            client: Client of the model server.
            base_path: Folder of the versions, from which titles and histories are read.
            users: Whether users may be searched, and their histories be seen.
        """
        self._with_users = users
        self._client = client
        self._base_path = base_path
        folder = importlib.resources.files("serving.page") / "static"
        self._files = {
            path: ((folder / name).read_text(encoding="utf-8"), mimetype)
            for path, (name, mimetype) in FILES.items()
        }
        self._catalogue = functools.lru_cache(2)(self._read_catalogue)
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "/api/catalogue"): self._all,
            ("GET", "/api/users"): self._users,
            ("POST", "/api/recommendations"): self._recommendations,
            ("GET", "/api/similar"): self._similar,
        }

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answers a request, as WSGI prescribes."""
        response = self.respond(Request(environ))
        response.headers.update(HEADERS)
        return response(environ, start_response)

    def respond(self, request: Request) -> Response:
        """Answers a request."""
        try:
            method = "GET" if request.method == "HEAD" else request.method
            if method == "GET" and request.path in self._files:
                content, mimetype = self._files[request.path]
                return Response(content, mimetype=mimetype)
            if (method, request.path) not in self._routes:
                raise NotFound(f"There is no {request.method} {request.path} here.")
            return _json(200, self._routes[method, request.path](request))
        except HTTPException as error:
            return _json(error.code or 500, {"error": error.description})
        except ServingUnavailable as error:
            return _json(503, {"error": str(error)})
        except (RequestRefused, ValueError) as error:
            return _json(400, {"error": str(error)})

    def _all(self, request: Request) -> Any:
        """Returns the whole catalogue of the version that is served now."""
        del request
        version = self._version()
        items = self._catalogue(version)
        points = items.points.round(4).tolist()
        return {
            "version": str(version),
            "title": items.definition.shown,
            "noun": items.definition.item.noun,
            "nouns": items.definition.item.nouns,
            "users": self._with_users,
            "facets": items.facets,
            "items": [
                [item_id, title, *point]
                for (item_id, title), point in zip(items.titles.items(), points, strict=True)
            ],
        }

    def _users(self, request: Request) -> Any:
        """Returns a few ids of users that start with a text."""
        self._check_users()
        starts = request.args.get("starts", "")
        if len(starts) < SEARCHED:
            raise BadRequest(f"Users are searched by at least {SEARCHED} characters.")
        version = self._version()
        matches = (user for user in self._catalogue(version).histories if user.startswith(starts))
        return {"version": str(version), "users": list(itertools.islice(matches, FOUND_USERS))}

    def _version(self) -> int | None:
        """Returns the version that answers now. No item is asked for: nothing would be logged."""
        return self._client.similar([""], 1)[0].version

    def _check_users(self) -> None:
        """Checks that users may be asked for.

        Raises:
            Forbidden: They may not.
        """
        if not self._with_users:
            raise Forbidden("This page shows no users; it answers histories.")

    def _recommendations(self, request: Request) -> Any:
        """Recommends items to a `user`, or to somebody with a `history`, latest first.

        Terms of a filter may be in `require` and `forbid`.
        """
        body = _body(request)
        if not isinstance(body, dict) or len(body.keys() & {"user", "history"}) != 1:
            raise BadRequest("Expected either a user or a history.")
        require, forbid = (_texts(body.get(side, []), side) for side in ("require", "forbid"))
        if "user" in body:
            self._check_users()
            user = body["user"]
            if not isinstance(user, str):
                raise BadRequest("A user is a text.")
            answer = self._client.for_users([user], SHOWN, require=require, forbid=forbid)[0]
            history = self._catalogue(answer.version).history(user)
        else:
            history = _item_ids(body["history"])
            answer = self._of_history(history[::-1], require, forbid)
        return self._explain(answer, history)

    def _of_history(self, history: list[str], require: list[str], forbid: list[str]) -> Answer:
        if not require and not forbid:
            return self._client.for_history(history, SHOWN)
        version = self._version()
        client = self._client.with_definition(self._catalogue(version).definition)
        return client.for_history(history, SHOWN, require, forbid)

    def _similar(self, request: Request) -> Any:
        answer = self._client.similar([request.args.get("item", "")], SHOWN)[0]
        return self._explain(answer, [])

    def _explain(self, answer: Answer, history: list[str]) -> Any:
        """Returns an answer, with the items of the history that are similar to each of its own."""
        items = self._catalogue(answer.version)
        return {
            "version": str(answer.version),
            "known_user": answer.known_user,
            "filtered": answer.filtered,
            "history": [
                {"id": i, "title": items.titles[i], "details": items.details(i)}
                for i in history
                if i in items.titles
            ],
            "items": [
                {
                    "id": item.item_id,
                    "title": item.title,
                    "score": item.score,
                    "details": items.details(item.item_id),
                    "because": [
                        {"title": items.titles[other], "similarity": cosine}
                        for other, cosine in items.nearest(item.item_id, history, REASONS)
                        if cosine > 0 and answer.known_user
                    ],
                }
                for item in answer.items
            ],
        }

    def _read_catalogue(self, version: int | None) -> catalogue.Catalogue:
        """Reads the catalogue of a version that the server named; no client ever names one."""
        folders = version_folders.find(self._base_path) or {}
        if version not in folders:
            raise ServingUnavailable(f"Version {version} is not under {self._base_path} any more.")
        return catalogue.read(folders[version])


def _body(request: Request) -> Any:
    """Returns the JSON of a request.

    Raises:
        BadRequest: It is none.
    """
    try:
        return request.get_json()
    except RecursionError as error:
        raise BadRequest("The body has lists in lists, too deep to be read.") from error


def _item_ids(value: Any) -> list[str]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > LONGEST_HISTORY:
        raise BadRequest(f"A history is a list of at most {LONGEST_HISTORY} item ids.")
    if not all(isinstance(item_id, str) for item_id in value):
        raise BadRequest("An item id is a text.")
    return list(value)


def _texts(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadRequest(f"{name} is a list of texts.")
    return value


def _json(status: int, value: Any) -> Response:
    return Response(
        json.dumps(value, ensure_ascii=False),
        status=status,
        mimetype="application/json",
        headers={"Cache-Control": "no-store"},
    )
