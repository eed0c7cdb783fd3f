"""`movielens serve`: its options. What it does is imported only when it is run."""

import pathlib

import click

from pipeline.cli import values, versions


@click.command()
@versions.options
@click.option("--host", default="127.0.0.1", help="Address to listen to.")
@click.option("--grpc-port", type=click.IntRange(0, 65535), default=8500, metavar="PORT")
@click.option("--rest-port", type=click.IntRange(0, 65535), default=8501, metavar="PORT")
@click.option(
    "--web-port", type=click.IntRange(0, 65535), default=8080, metavar="PORT", help="Of the page."
)
@click.option("--engine", type=click.Choice(["auto", "docker", "local"]), default="auto")
@click.option("--image", help="Of TensorFlow Serving, for Docker.")
@click.option(
    "--request-log",
    type=click.Path(path_type=pathlib.Path, file_okay=False),
    metavar="FOLDER",
    help="Log what the page shows, as Parquet.",
)
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="Host name that it is asked by, besides localhost and addresses. Repeatable.",
)
@click.option("--tls-cert", type=values.FILE, help="Certificate with its chain, PEM.")
@click.option("--tls-key", type=values.FILE, help="Its key, PEM, without a passphrase.")
@click.option("--token-file", type=values.FILE, help="Holds the token that requests must carry.")
@click.option("--no-users", is_flag=True, help="The page finds no users and shows no histories.")
def serve(
    base: pathlib.Path | None,
    runs: pathlib.Path,
    host: str,
    grpc_port: int,
    rest_port: int,
    web_port: int,
    engine: str,
    image: str | None,
    request_log: pathlib.Path | None,
    allow_hosts: tuple[str, ...],
    tls_cert: pathlib.Path | None,
    tls_key: pathlib.Path | None,
    token_file: pathlib.Path | None,
    no_users: bool,
) -> int:
    """Serves what was pushed.

    With TensorFlow Serving's image where a Docker daemon answers, else with a local stand-in that
    speaks TensorFlow Serving's API (gRPC and REST) and is not the real binary. New versions are
    taken over as they are pushed. Stops with Ctrl-C.
    """
    from pipeline.rollout import promotion
    from serving.serve import serve as serve_until_stopped
    from serving.web.security import Security

    files = [str(file.absolute()) if file else "" for file in (tls_cert, tls_key, token_file)]
    security = Security(allow_hosts, *files)
    folder = versions.find_base(base, runs)
    promotion.write_newest(folder)
    return serve_until_stopped(
        folder,
        host,
        grpc_port,
        rest_port,
        web_port,
        engine,
        image,
        request_log,
        security,
        not no_users,
    )
