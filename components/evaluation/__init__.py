"""Evaluation of the bundle by TFX's Evaluator: metrics of ours, and how to read them.

What is measured of one label is in `components/bundle/measurements.py`: the bundle measures itself.
To add a metric, write it there; its formula belongs to `transform/metrics.py`, its threshold to
`pipeline/gates.py`.
"""
