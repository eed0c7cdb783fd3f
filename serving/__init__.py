"""Serving of a bundle: client, page and local stand-in. Imports only `transform` of ours.

What is answered is the bundle's affair: `components/bundle/answers.py`.
"""
