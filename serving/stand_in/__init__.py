"""A local stand-in that speaks TensorFlow Serving's API: gRPC, REST v1, versions, metrics.

It is not the real binary. It imports TensorFlow and the protos, and nothing that registers ops: one
that only the training process had registered is missing here too.
"""
