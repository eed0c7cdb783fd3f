"""The canary: the bundle in a bare process must answer as the trained towers say."""

from components.canary.component import Canary

__all__ = ["Canary"]
