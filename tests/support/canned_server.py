"""A web server of this machine whose answers are given in advance."""

import contextlib
import http.server
import threading


class CannedServer(http.server.ThreadingHTTPServer):
    """Gives its answers in turn, the last one for ever, and notes what it was asked."""

    def __init__(self, *answers):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.requests = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.path, body))
        turn = min(len(self.server.requests), len(self.server.answers)) - 1
        status, content = self.server.answers[turn]
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def answering(*answers):
    """Runs a server that gives these answers, each a status and a body."""
    with CannedServer(*answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()
