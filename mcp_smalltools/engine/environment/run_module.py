"""Runs a module of this package with a Python that has llama.cpp and not this package.

PYTHON -I run_module.py MODULE ARGUMENTS...

Only this package is taken from where this file lies, and nothing that is installed beside it: that was built
for another Python, perhaps.
"""

from __future__ import annotations

import runpy
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

PACKAGE = Path(__file__).parents[2]


def main() -> None:
    spec = spec_from_file_location(
        PACKAGE.name, PACKAGE / "__init__.py", submodule_search_locations=[str(PACKAGE)]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules[PACKAGE.name] = package = module_from_spec(spec)
    spec.loader.exec_module(package)
    module = sys.argv[1]
    del sys.argv[1]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
