"""`movielens serve`: its options. What it does is imported only when it is run."""

import pathlib

import click

from pipeline.cli import versions


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
) -> int:
    """Serves what was pushed.

    With TensorFlow Serving's image where a Docker daemon answers, else with a local stand-in that
    speaks TensorFlow Serving's API (gRPC and REST) and is not the real binary. New versions are
    taken over as they are pushed. Stops with Ctrl-C.
    """
    from pipeline.rollout import promotion
    from serving.serve import serve as serve_until_stopped

    folder = versions.find_base(base, runs)
    promotion.write_newest(folder)
    return serve_until_stopped(
        folder, host, grpc_port, rest_port, web_port, engine, image, request_log
    )
