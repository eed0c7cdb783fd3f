"""The graph as the YAML that open-source Kubeflow Pipelines runs."""
