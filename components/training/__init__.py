"""TFX's Trainer and Tuner, with the catalogue as a typed input."""
