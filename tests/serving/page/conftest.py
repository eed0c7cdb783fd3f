"""The page of a served bundle."""

import pytest

from serving.client.grpc_transport import GrpcTransport
from serving.client.recommender import RecommenderClient
from serving.page import app


@pytest.fixture(scope="module")
def page(serve, bundle_base):
    server = serve(f"--model_base_path={bundle_base}", "--model_name=movielens")
    with GrpcTransport(server.address) as transport:
        yield app.Page(RecommenderClient(transport), str(bundle_base))
