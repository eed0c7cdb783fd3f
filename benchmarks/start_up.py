"""CPU seconds from the start of a Kubeflow step to its executor: TFX's entrypoint and ours.

python -m benchmarks.start_up
"""

import os
import subprocess
import sys

from pipeline import presets
from pipeline.config import PipelineConfig

STOCK = """
from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor
"""
OURS = """
import sys
from pipeline.kubeflow.container import entrypoint
entrypoint.import_executor(sys.argv[1])
"""
THEN = """
import resource, sys
from tfx.utils import import_utils
import_utils.import_class_by_path(sys.argv[1])
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime)
"""


def main() -> None:
    """Prints a line an executor, from the cheapest of three starts of each."""
    ratios = []
    print(f"{'executor':52}{'TFX':>6}{'ours':>6}{'share':>7}")
    for path in executors():
        stock, ours = (fewest(program, path) for program in (STOCK, OURS))
        ratios.append((stock, ours))
        print(f"{path:52}{stock:6.1f}{ours:6.1f}{ours / stock:7.0%}", flush=True)
    stock, ours = (sum(column) for column in zip(*ratios, strict=True))
    print(f"{'all of them':52}{stock:6.1f}{ours:6.1f}{ours / stock:7.0%}")


def executors() -> list[str]:
    """Returns the dotted path of every executor in the graph."""
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # read when TensorFlow is first imported
    from tfx.utils import name_utils

    from pipeline.graph import create_pipeline

    preset = presets.find(presets.DEFAULT)
    config = PipelineConfig("movielens", "/data", "/root", "/serving", settings=preset.settings)
    nodes = create_pipeline(config).components
    return sorted({name_utils.get_full_name(node.executor_spec.executor_class) for node in nodes})


def fewest(program: str, path: str, starts: int = 3) -> float:
    """Returns the CPU seconds of the cheapest of several starts."""
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "PYTHONWARNINGS": "ignore"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # byte code is compiled in an image
    return min(
        float(
            subprocess.run(
                [sys.executable, "-c", program + THEN, path],
                capture_output=True,
                text=True,
                check=True,
                env=environment,
            ).stdout.splitlines()[-1]
        )
        for _ in range(starts)
    )


if __name__ == "__main__":
    main()
