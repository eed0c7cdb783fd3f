"""What is asked of a Kubeflow Pipelines server: deploy, run, schedule, status."""
