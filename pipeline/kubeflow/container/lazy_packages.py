"""Packages whose `__init__` imports everything: with this they import what is asked for.

`import tfx.components.pusher.executor` first runs `tfx/components/__init__.py`, which imports every
component with all that it needs: model analysis, Transform, the tuner. In a container that runs one
component this is most of the start-up.
"""

import importlib
import importlib.util
import sys
from typing import Any

OF_INIT = ("__all__", "__version__")  # other double underscores are questions of the import system


def import_on_demand(package: str, **known: Any) -> None:
    """Enters a package whose submodules are imported when they are asked for.

    A name that is no submodule runs the package's `__init__` after all, once: nothing that works
    without this fails with it.

    Args:
        package: Dotted name of a package, or of a module; its parent is imported.
        **known: Names of it that can be had without running it, and what they stand for.

    Raises:
        ModuleNotFoundError: There is no such package.
    """
    if package in sys.modules:
        return
    spec = importlib.util.find_spec(package)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No package {package!r}.", name=package)
    if package in sys.modules:  # its parent, which was imported to find it, has imported it
        return
    loader = spec.loader
    module = importlib.util.module_from_spec(spec)

    def on_demand(name: str) -> Any:
        if name.startswith("__") and name not in OF_INIT:
            raise AttributeError(name)
        is_package = "__path__" in module.__dict__
        if is_package and importlib.util.find_spec(f"{package}.{name}"):
            return importlib.import_module(f"{package}.{name}")
        del module.__dict__["__getattr__"]
        loader.exec_module(module)
        return getattr(module, name)

    module.__dict__.update(known)
    module.__dict__["__getattr__"] = on_demand  # PEP 562
    sys.modules[package] = module
    parent, _, child = package.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
