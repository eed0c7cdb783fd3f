"""Fitting of the model: optimizers, callbacks, the ranking on eval."""
