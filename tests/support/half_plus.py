"""Half plus two, TensorFlow Serving's own test model, and signatures of other types beside it."""

import tensorflow as tf


class HalfPlus(tf.Module):
    """y = x / 2 + b."""

    def __init__(self, b):
        super().__init__()
        self.a, self.b = tf.Variable(0.5), tf.Variable(float(b))

    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, name="x")])
    def half(self, x):
        return {"y": self.a * x + self.b}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="text"),
            tf.TensorSpec([None], tf.int64, name="count"),
        ]
    )
    def kinds(self, text, count):
        return {"text": text, "raw_bytes": text, "count": count}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def total(self, x):
        return {"sum": tf.reduce_sum(x), "x": x}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def uneven(self, x):
        return {"all": x, "one": x[:1]}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float64, name="x")])
    def double(self, x):
        return {"y": x, "whole": tf.cast(x > 0, tf.int8), "positive": x > 0}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float16, name="x")])
    def narrow(self, x):
        return {"y": x}


def write(base, version, b=2):
    """Exports a version under a base path, complete or not at all, and returns its path."""
    model = HalfPlus(b)
    signatures = {
        "serving_default": model.half,
        **{name: getattr(model, name) for name in ("kinds", "total", "uneven", "double", "narrow")},
    }
    staged = base / f"{version}.staged"
    tf.saved_model.save(model, str(staged), signatures=signatures)
    final = base / str(version)
    staged.rename(final)
    return final
