"""Where Beam runs: Beam's pipeline options of an environment, completed and checked."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.kubeflow.environment.cluster import Environment

IN_PROCESS = ("FnApiRunner", "DirectRunner", "")
JOB_SECONDS = 86_400


def arguments(environment: "Environment") -> tuple[str, ...]:
    """Returns Beam's pipeline options, with our image as the one that workers run.

    Without `--sdk_container_image` TFX would pack itself, and not our code, for the workers. And by
    default Beam stops listening to a job server after a minute, however long the job is.

    Raises:
        ValueError: Beam runs elsewhere, and there is no place that its workers and the pod share.
    """
    given = environment.beam_pipeline_args
    if not given:
        return ()
    options = dict(argument.lstrip("-").partition("=")[::2] for argument in given)
    if options.get("runner", "") in IN_PROCESS:
        return given
    if not options.get("temp_location"):
        raise ValueError(
            f"beam_pipeline_args of the environment {environment.name!r} run Beam elsewhere "
            f"({options['runner']}) and need --temp_location=…, a bucket or a mounted volume that "
            "its workers and the pods both see: artifacts lie on the pod's own disk."
        )
    completion = {"sdk_container_image": environment.image, "job_server_timeout": JOB_SECONDS}
    return (
        *given,
        *(f"--{name}={value}" for name, value in completion.items() if name not in options),
    )
