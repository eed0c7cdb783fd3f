"""TFX's Trainer and Tuner, with the items as a typed input."""
