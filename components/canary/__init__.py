"""The canary: the bundle in a bare process must answer as the trained towers say."""
