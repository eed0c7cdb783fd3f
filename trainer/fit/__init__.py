"""How the model is fitted: optimizers, callbacks, the ranking on eval."""
