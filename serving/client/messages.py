"""TensorFlow Serving's messages of Predict, as far as a client needs them, without TensorFlow.

The numbers and types below are those of tensorflow_serving/apis/predict.proto and of
tensorflow/core/framework/tensor.proto. The messages live in a pool of their own, so that a program
may hold TensorFlow's, too. A map is written as what it is on the wire: entries with key and value.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

PREDICT = "/tensorflow.serving.PredictionService/Predict"
METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
FILE = """
name: "movielens_client.proto" syntax: "proto3"
message_type { name: "Dimension"
  field { name: "size" number: 1 type: TYPE_INT64 label: LABEL_OPTIONAL } }
message_type { name: "Shape"
  field { name: "dim" number: 2 type: TYPE_MESSAGE type_name: "Dimension" label: LABEL_REPEATED } }
message_type { name: "Tensor"
  field { name: "dtype" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL }
  field { name: "tensor_shape" number: 2
    type: TYPE_MESSAGE type_name: "Shape" label: LABEL_OPTIONAL }
  field { name: "tensor_content" number: 4 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "float_val" number: 5 type: TYPE_FLOAT label: LABEL_REPEATED }
  field { name: "double_val" number: 6 type: TYPE_DOUBLE label: LABEL_REPEATED }
  field { name: "int_val" number: 7 type: TYPE_INT32 label: LABEL_REPEATED }
  field { name: "string_val" number: 8 type: TYPE_BYTES label: LABEL_REPEATED }
  field { name: "int64_val" number: 10 type: TYPE_INT64 label: LABEL_REPEATED }
  field { name: "bool_val" number: 11 type: TYPE_BOOL label: LABEL_REPEATED } }
message_type { name: "Entry"
  field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "value" number: 2 type: TYPE_MESSAGE type_name: "Tensor" label: LABEL_OPTIONAL } }
message_type { name: "Version"
  field { name: "value" number: 1 type: TYPE_INT64 label: LABEL_OPTIONAL } }
message_type { name: "ModelSpec"
  field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "version" number: 2 type: TYPE_MESSAGE type_name: "Version" label: LABEL_OPTIONAL }
  field { name: "signature_name" number: 3 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "version_label" number: 4
    type: TYPE_STRING label: LABEL_OPTIONAL } }
message_type { name: "PredictRequest"
  field { name: "model_spec" number: 1
    type: TYPE_MESSAGE type_name: "ModelSpec" label: LABEL_OPTIONAL }
  field { name: "inputs" number: 2 type: TYPE_MESSAGE type_name: "Entry" label: LABEL_REPEATED } }
message_type { name: "MetadataRequest"
  field { name: "model_spec" number: 1
    type: TYPE_MESSAGE type_name: "ModelSpec" label: LABEL_OPTIONAL }
  field { name: "metadata_field" number: 2 type: TYPE_STRING label: LABEL_REPEATED } }
message_type { name: "PredictResponse"
  field { name: "outputs" number: 1 type: TYPE_MESSAGE type_name: "Entry" label: LABEL_REPEATED }
  field { name: "model_spec" number: 2
    type: TYPE_MESSAGE type_name: "ModelSpec" label: LABEL_OPTIONAL } }
"""
STRING = 7
# By TensorFlow's number: NumPy's type, and the field of values that are not packed as bytes.
TYPES: dict[int, tuple[Any, str]] = {
    1: (np.dtype(np.float32), "float_val"),
    2: (np.dtype(np.float64), "double_val"),
    3: (np.dtype(np.int32), "int_val"),
    STRING: (np.dtype(object), "string_val"),
    9: (np.dtype(np.int64), "int64_val"),
    10: (np.dtype(np.bool_), "bool_val"),
}
NUMBERS = {dtype: number for number, (dtype, _) in TYPES.items()}
LITERALS = {np.dtype(np.float64): np.float32, np.dtype(np.int64): np.int32}  # as TensorFlow has it


def _classes(*names: str) -> list[Any]:
    pool = descriptor_pool.DescriptorPool()
    pool.Add(text_format.Parse(FILE, descriptor_pb2.FileDescriptorProto()))
    descriptors = [pool.FindMessageTypeByName(name) for name in names]
    if hasattr(message_factory, "GetMessageClass"):  # from protobuf 4.22 on
        return [message_factory.GetMessageClass(descriptor) for descriptor in descriptors]
    factory = message_factory.MessageFactory(pool)
    return [factory.GetPrototype(descriptor) for descriptor in descriptors]


PredictRequest, PredictResponse, MetadataRequest = _classes(
    "PredictRequest", "PredictResponse", "MetadataRequest"
)


def write(value: Any, tensor: Any) -> None:
    """Writes a value into a tensor's message.

    Args:
        value: An array, or what makes one; numbers that are no array are float32 or int32.
        tensor: The message.

    Raises:
        TypeError: No signature of ours takes such values.
    """
    array = np.asarray(value)
    if not isinstance(value, (np.ndarray, np.generic)):
        array = array.astype(LITERALS.get(array.dtype, array.dtype))
    if array.dtype.kind in "US":
        array = array.astype(object)
    if array.dtype not in NUMBERS:
        raise TypeError(f"An input holds {array.dtype}; texts, numbers and truth values are taken.")
    tensor.dtype = NUMBERS[array.dtype]
    for size in array.shape:
        tensor.tensor_shape.dim.add(size=size)
    if tensor.dtype == STRING:
        tensor.string_val.extend(_encoded(array.ravel()))
    else:
        tensor.tensor_content = array.tobytes()


def read(tensor: Any) -> np.ndarray:
    """Returns the array in a tensor's message; texts as bytes.

    Raises:
        TypeError: It is of a type that no signature of ours answers with.
    """
    if tensor.dtype not in TYPES:
        raise TypeError(
            f"An output is of TensorFlow's type {tensor.dtype}, which is not known here."
        )
    dtype, field = TYPES[tensor.dtype]
    shape = [dimension.size for dimension in tensor.tensor_shape.dim]
    if tensor.tensor_content:
        return np.frombuffer(tensor.tensor_content, dtype).reshape(shape).copy()
    values = np.array(list(getattr(tensor, field)), dtype)
    missing = int(np.prod(shape)) - len(values)  # the last value stands for all that follow
    if missing and len(values):
        values = np.concatenate([values, np.repeat(values[-1:], missing)])
    return values.reshape(shape) if len(values) else np.zeros(shape, dtype)


def _encoded(texts: Iterable[Any]) -> list[bytes]:
    return [text if isinstance(text, bytes) else str(text).encode() for text in texts]
