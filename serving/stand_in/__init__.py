"""A local stand-in that speaks TensorFlow Serving's API: gRPC, REST v1, versions, metrics.

It is not the real binary. It imports TensorFlow and the protos and nothing of ours or of TFX, so
that an op which only the training process had registered is missing here too.
"""
