"""The same graph on open-source Kubeflow Pipelines: compile, enter, deploy, schedule."""
