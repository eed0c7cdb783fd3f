"""A typed client of a served bundle, over gRPC or REST; works with TensorFlow Serving itself.

from serving.client.grpc_transport import GrpcTransport
from serving.client.recommender import RecommenderClient

with GrpcTransport("127.0.0.1:8500") as transport:
    answers = RecommenderClient(transport).for_users(["42", "nobody"], k=10)
"""
