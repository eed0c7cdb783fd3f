"""A typed client of a served bundle, over gRPC or REST; works with TensorFlow Serving itself.

from serving.client import bundle_definition
from serving.client.recommender import Event, RecommenderClient
from serving.client.rest_transport import RestTransport

definition = bundle_definition.read("runs/shop/serving/shop/1")
with RestTransport("http://127.0.0.1:8501", model=definition.name) as transport:
    client = RecommenderClient(transport, definition=definition)
    answers = client.for_users(["42", "nobody"], k=10)
    answer = client.recommend([Event("A-007", features={"type": "cart"})], {"country": "DE"})
"""
