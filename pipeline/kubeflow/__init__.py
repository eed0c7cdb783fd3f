"""The same graph on open-source Kubeflow Pipelines: what a cluster is, compile, deploy, schedule."""
