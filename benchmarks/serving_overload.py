"""Asks the local stand-in for more than it can: how long accepted requests and refusals take.

    python -m benchmarks.serving_overload [--base FOLDER] [--seconds 10] [--api REST gRPC]

First it is found out how many requests a second are answered when clients wait for one another
(saturation). Then clients send at a fixed pace: half of that, half of it again beside 1,000 idle
connections, and four times of it. Latencies are those of the clients, which share this machine's
cores with the server; how late they themselves were with sending is told beside.
"""

import argparse
import contextlib
import heapq
import multiprocessing
import pathlib
import selectors
import socket
import tempfile
import time
from typing import NamedTuple

import grpc

from benchmarks import serving_load
from benchmarks.serving_load import METHOD, MODEL, PATIENCE_SECONDS
from pipeline.runs import tables

PROCESSES, CONNECTIONS = 2, 32  # of each process
IDLE = 1000
WARM_UP_SECONDS = 1.0
ACCEPTED, REFUSED, OTHER = "accepted", "refused", "other"
HEADER_END = b"\r\n\r\n"


class Sample(NamedTuple):
    """A request that was answered."""

    outcome: str
    """`ACCEPTED`, `REFUSED` or `OTHER`."""

    seconds: float
    """From sending it to having the whole answer."""

    late: float
    """Seconds by which the client was late with sending it."""


def main() -> None:
    """Prints a table for each API."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=pathlib.Path, help="versions (default: the last pushed to)")
    parser.add_argument("--runs", type=pathlib.Path, default=pathlib.Path("runs"))
    parser.add_argument("--seconds", type=float, default=10.0, help="of each row (default: 10)")
    parser.add_argument("--api", nargs="+", choices=["REST", "gRPC"], default=["REST", "gRPC"])
    options = parser.parse_args()
    base = options.base or serving_load.base_of_the_last_push(options.runs)
    version = max((path for path in base.iterdir() if path.name.isdecimal()), key=lambda p: p.name)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        users, _ = pool.apply(serving_load.graph_cpu, (str(version),))
    with tempfile.NamedTemporaryFile("r", suffix=".log") as log:
        server, grpc_port, rest_port = serving_load.start(base.absolute(), log.name)
        try:
            for api in options.api:
                port = rest_port if api == "REST" else grpc_port
                bodies = serving_load.requests(api, users, 1)
                table = rows(api, port, rest_port, bodies, options.seconds)
                print(f"\n{api}\n{tables.columns(table)}", flush=True)
        finally:
            server.terminate()
            server.wait()


def rows(
    api: str, port: int, rest_port: int, bodies: list[bytes], seconds: float
) -> list[tuple[str, ...]]:
    """Loads a server, and returns a table with a line for each load."""
    heading = ("load", "offered/s", "accepted/s", "p50 ms", "p99 ms", "× half")
    refused = ("refused/s", "p50 ms", "p99 ms", "other", "late p99 ms")
    closed = load(api, port, bodies, seconds, None, 4)
    saturation = len(closed) / seconds
    half = load(api, port, bodies, seconds, saturation / 2, CONNECTIONS)
    with idle_connections(rest_port):
        beside = load(api, port, bodies, seconds, saturation / 2, CONNECTIONS)
    over = load(api, port, bodies, seconds, saturation * 4, CONNECTIONS)
    unit = percentile(latencies(half, ACCEPTED), 99)
    named = {
        "4 that wait": closed,
        "half": half,
        f"half, {IDLE} idle": beside,
        "4 times": over,
    }
    return [
        (*heading, *refused),
        *(row(name, found, seconds, unit) for name, found in named.items()),
    ]


def row(name: str, found: list[Sample], seconds: float, unit: float) -> tuple[str, ...]:
    """Returns a line of the table; `unit` is the latency that ratios are of, in seconds."""
    accepted, refused = latencies(found, ACCEPTED), latencies(found, REFUSED)
    others = sum(each.outcome == OTHER for each in found)
    return (
        name,
        f"{len(found) / seconds:.0f}",
        f"{len(accepted) / seconds:.0f}",
        f"{percentile(accepted, 50) * 1000:.1f}",
        f"{percentile(accepted, 99) * 1000:.1f}",
        f"{percentile(accepted, 99) / unit:.1f}" if unit else "",
        f"{len(refused) / seconds:.0f}",
        f"{percentile(refused, 50) * 1000:.1f}" if refused else "",
        f"{percentile(refused, 99) * 1000:.1f}" if refused else "",
        str(others),
        f"{percentile(sorted(each.late for each in found), 99) * 1000:.1f}",
    )


def latencies(found: list[Sample], outcome: str) -> list[float]:
    """Returns the seconds of all requests that ended so, sorted."""
    return sorted(each.seconds for each in found if each.outcome == outcome)


def percentile(values: list[float], share: int) -> float:
    """Returns a percentile of sorted values; 0 where there are none."""
    return values[min(len(values) - 1, len(values) * share // 100)] if values else 0.0


@contextlib.contextmanager
def idle_connections(port: int):  # type: ignore[no-untyped-def]
    """Holds connections open that send nothing, and opens those anew that were closed."""
    with contextlib.ExitStack() as stack:
        for _ in range(IDLE):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        yield


def load(
    api: str, port: int, bodies: list[bytes], seconds: float, rate: float | None, connections: int
) -> list[Sample]:
    """Returns what became of the requests of some seconds.

    Args:
        api: "REST" or "gRPC".
        port: Of the server.
        bodies: Of requests, sent in turn.
        seconds: How long requests are sent and counted, after a second to warm up.
        rate: Requests a second, of all together; None: each follows the answer of the one before.
        connections: Requests of a process that may be under way.
    """
    context = multiprocessing.get_context("spawn")
    work = rest_requests if api == "REST" else grpc_requests
    count = PROCESSES if rate else 1
    pace = rate / count if rate else None
    with context.Pool(count) as pool:
        parts = [
            pool.apply_async(work, (port, bodies[part::count], seconds, pace, connections))
            for part in range(count)
        ]
        return [sample for part in parts for sample in part.get(PATIENCE_SECONDS + seconds)]


def rest_requests(
    port: int, bodies: list[bytes], seconds: float, rate: float | None, connections: int
) -> list[Sample]:
    """Sends requests over plain sockets: a client that costs little."""
    texts = [
        f"POST /v1/models/{MODEL}:predict HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
        for body in bodies
    ]
    found, selector, turn = [], selectors.DefaultSelector(), 0
    began = time.monotonic() + WARM_UP_SECONDS
    end = began + seconds
    interval = connections / rate if rate else 0.0
    due: list[tuple[float, int]] = []
    open_: list[socket.socket] = []
    for number in range(connections):
        open_.append(socket.create_connection(("127.0.0.1", port)))
        open_[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(open_[-1], selectors.EVENT_READ, number)
        heapq.heappush(due, (time.monotonic() + interval * number / connections, number))
    sent: dict[int, tuple[float, float]] = {}
    parts: dict[int, bytes] = {}
    while due or sent:
        now = time.monotonic()
        while due and due[0][0] <= now:
            when, number = heapq.heappop(due)
            if now >= end:
                continue
            open_[number].sendall(texts[turn % len(texts)])
            sent[number], parts[number], turn = (now, now - when), b"", turn + 1
        if not due and not sent:
            break
        wait = max(0.0, due[0][0] - now) if due else PATIENCE_SECONDS
        for key, _ in selector.select(wait):
            number = key.data
            parts[number] += open_[number].recv(65536)
            if not is_whole(parts[number]):
                continue
            at, late = sent.pop(number)
            done = time.monotonic()
            if began <= at:
                found.append(Sample(outcome_of(parts[number]), done - at, late))
            heapq.heappush(due, (max(done, at - late + interval), number))
    for each in open_:
        each.close()
    return found


def is_whole(answer: bytes) -> bool:
    """Returns whether an answer over HTTP came whole.

    Raises:
        ConnectionError: The server hung up.
    """
    if not answer:
        raise ConnectionError("The server closed a connection that a request was sent over.")
    header, found, body = answer.partition(HEADER_END)
    if not found:
        return False
    length = header.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
    return len(body) >= int(length)


def outcome_of(answer: bytes) -> str:
    """Returns how an answer over HTTP is counted."""
    return {b"200": ACCEPTED, b"429": REFUSED}.get(answer.split(b" ", 2)[1], OTHER)


def grpc_requests(
    port: int, bodies: list[bytes], seconds: float, rate: float | None, connections: int
) -> list[Sample]:
    """Sends requests over a few channels, without waiting for answers."""
    refusals = {grpc.StatusCode.OK: ACCEPTED, grpc.StatusCode.RESOURCE_EXHAUSTED: REFUSED}
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.insecure_channel(f"127.0.0.1:{port}", options=options) for _ in range(4)]
    asks = [channel.unary_unary(METHOD) for channel in channels]
    for channel in channels:
        grpc.channel_ready_future(channel).result(PATIENCE_SECONDS)
    found: list[Sample] = []
    free = list(range(connections))
    began = time.monotonic() + WARM_UP_SECONDS
    end, turn, when = began + seconds, 0, time.monotonic()

    def done(call: grpc.Future, at: float, late: float) -> None:
        if began <= at:
            seconds_ = time.monotonic() - at
            found.append(Sample(refusals.get(call.code(), OTHER), seconds_, late))
        free.append(0)

    while (now := time.monotonic()) < end:
        if now < when or not free:
            time.sleep(0.0002 if not free else min(0.002, max(0.0, when - now)))
            continue
        free.pop()
        call = asks[turn % len(asks)].future(bodies[turn % len(bodies)])
        late = max(0.0, now - when)
        call.add_done_callback(lambda c, at=now, late=late: done(c, at, late))
        turn += 1
        when = when + 1 / rate if rate else now
    while len(free) < connections and time.monotonic() < end + PATIENCE_SECONDS:
        time.sleep(0.01)
    for channel in channels:
        channel.close()
    return found


if __name__ == "__main__":
    main()
