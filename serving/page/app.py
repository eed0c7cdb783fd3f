"""The page's own small API, as a WSGI application; it asks the model server as any client does."""

import functools
import importlib.resources
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from werkzeug.exceptions import BadRequest, HTTPException, NotFound
from werkzeug.wrappers import Request, Response

from serving.client.recommender import Answer, RecommenderClient
from serving.client.transport import RequestRefused, ServingUnavailable
from serving.page import catalogue
from serving.stand_in import versions

SHOWN = 10
REASONS = 2
LONGEST_HISTORY = 500
LARGEST_BODY = 64 * 2**10
FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
"""All that is ever read for a client."""

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Page:
    """Serves the page and answers it."""

    def __init__(self, client: RecommenderClient, base_path: str) -> None:
        """Asks `client`, and reads titles from the versions under `base_path`."""
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
            ("POST", "/api/recommendations"): self._recommendations,
            ("GET", "/api/similar"): self._similar,
        }

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answers one request, as WSGI has it."""
        response = self.respond(Request(environ))
        response.headers.update(HEADERS)
        return response(environ, start_response)

    def respond(self, request: Request) -> Response:
        """Answers one request."""
        try:
            if request.method == "GET" and request.path in self._files:
                content, mimetype = self._files[request.path]
                return Response(content, mimetype=mimetype)
            if (request.method, request.path) not in self._routes:
                raise NotFound(f"There is no {request.method} {request.path} here.")
            return _json(200, self._routes[request.method, request.path](request))
        except HTTPException as error:
            return _json(error.code or 500, {"error": error.description})
        except ServingUnavailable as error:
            return _json(503, {"error": str(error)})
        except (RequestRefused, ValueError) as error:
            return _json(400, {"error": str(error)})

    def _all(self, request: Request) -> Any:
        """Answers with the whole catalogue of the version that answers now."""
        del request
        version = self._client.for_users([""], 1)[0].version
        found = self._catalogue(version)
        points = found.points.round(4).tolist()
        return {
            "version": str(version),
            "users": list(found.histories),
            "movies": [
                [movie_id, title, *point]
                for (movie_id, title), point in zip(found.titles.items(), points, strict=True)
            ],
        }

    def _recommendations(self, request: Request) -> Any:
        """Answers for a `user`, or for somebody with a `history`, the latest first."""
        asked = request.get_json()
        if not isinstance(asked, dict) or len(asked.keys() & {"user", "history"}) != 1:
            raise BadRequest("Expected either a user or a history.")
        if "user" in asked:
            user = asked["user"]
            if not isinstance(user, str):
                raise BadRequest("A user is a text.")
            answer = self._client.for_users([user], SHOWN)[0]
            history = self._catalogue(answer.version).history(user)
        else:
            history = _movie_ids(asked["history"])
            answer = self._client.for_history(history[::-1], SHOWN)
        return self._explained(answer, history)

    def _similar(self, request: Request) -> Any:
        answer = self._client.similar([request.args.get("movie", "")], SHOWN)[0]
        return self._explained(answer, [])

    def _explained(self, answer: Answer, history: list[str]) -> Any:
        found = self._catalogue(answer.version)
        return {
            "version": str(answer.version),
            "known_user": answer.known_user,
            "history": [[i, found.titles[i]] for i in history if i in found.titles],
            "movies": [
                {
                    "id": movie.movie_id,
                    "title": movie.title,
                    "score": movie.score,
                    "because": [
                        {"title": found.titles[other], "similarity": cosine}
                        for other, cosine in found.nearest(movie.movie_id, history, REASONS)
                        if cosine > 0 and answer.known_user
                    ],
                }
                for movie in answer.movies
            ],
        }

    def _read_catalogue(self, version: int | None) -> catalogue.Catalogue:
        """Reads a version that the server named; no client ever names one."""
        folders = versions.find(self._base_path) or {}
        if version not in folders:
            raise ServingUnavailable(f"Version {version} is not under {self._base_path} any more.")
        return catalogue.read(folders[version])


def _movie_ids(value: Any) -> list[str]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > LONGEST_HISTORY:
        raise BadRequest(f"A history is a list of at most {LONGEST_HISTORY} movie ids.")
    if not all(isinstance(movie_id, str) for movie_id in value):
        raise BadRequest("A movie id is a text.")
    return list(value)


def _json(status: int, value: Any) -> Response:
    return Response(
        json.dumps(value, ensure_ascii=False),
        status=status,
        mimetype="application/json",
        headers={"Cache-Control": "no-store"},
    )
