"""Evaluation of the bundle by TFX's Evaluator: metrics of ours, and how to read them."""
