"""Evaluation of the bundle by TFX's Evaluator: metrics of ours, and how to read them.

What is measured of one label is in `components/bundle/measurements.py`: the bundle measures itself.
"""
