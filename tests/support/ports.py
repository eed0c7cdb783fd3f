"""Ports of this machine on which nobody listens."""

import socket


def free_ports(count):
    """Returns distinct ports that were free a moment ago."""
    chosen = [socket.socket() for _ in range(count)]
    for each in chosen:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in chosen]
    for each in chosen:
        each.close()
    return ports
