"""The search for hyperparameters: its space, its trials, and what TFX's Tuner calls."""
