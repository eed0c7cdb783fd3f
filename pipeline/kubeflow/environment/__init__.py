"""What a cluster is: read from kubeflow/environments, typed and checked."""
