"""What is measured on the bundle, by TFX's Evaluator, and how to read it."""
