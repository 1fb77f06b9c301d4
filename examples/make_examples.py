"""Make the files in examples/data again: a real build, a real test run, a real service's log.

    python examples/make_examples.py [FOLDER]

- `build.log`: `make -k` over a C++ project of 240 generated files, with warnings, a type error and a missing
  symbol.
- `tests.log`: pytest over 300 generated cases of a small price calculator with two bugs.
- `service.log`: a job queue that really runs (threads, retries, a store that times out now and then), logging
  as it goes.

The projects are generated into a temporary folder and built or run there with the tools of this machine
(g++, make, pytest). Timings and thread order differ from run to run, so the logs do too.
"""

from __future__ import annotations

import logging
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

HERE = Path(__file__).parent
MODULES = 240


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "data"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="shop-") as folder:
        (target / "build.log").write_text(build_log(Path(folder) / "shop"), encoding="utf-8")
        (target / "tests.log").write_text(tests_log(Path(folder) / "prices"), encoding="utf-8")
    service_log(target / "service.log")


def build_log(project: Path) -> str:
    """Build a generated C++ project whose module 137 has a type error, and whose module 161 calls what
    nobody defines.
    """
    source = project / "src"
    source.mkdir(parents=True)
    for number in range(MODULES):
        (source / f"module_{number:03}.cpp").write_text(_module(number))
    (source / "main.cpp").write_text(_main(MODULES))
    (project / "Makefile").write_text(
        "OBJECTS := $(patsubst src/%.cpp,build/%.o,$(wildcard src/*.cpp))\n"
        "shop: $(OBJECTS)\n\tg++ -o $@ $^\n"
        "build/%.o: src/%.cpp | build\n\tg++ -std=c++17 -O1 -Wall -Wextra -c $< -o $@\n"
        "build:\n\tmkdir -p build\n"
    )
    first = _run(["make", "-k", "-j2"], project)
    # Mend the type error, so that the second half of the log reaches the linker.
    broken = source / "module_137.cpp"
    broken.write_text(broken.read_text().replace('std::string("none")', "0"))
    return first + _run(["make", "-k", "-j2"], project)


def _module(number: int) -> str:
    unused = "  int leftover = 7;\n" if number % 5 == 4 else ""
    compare = "  for (int i = 0; i < prices.size(); ++i) total += prices[i];\n"
    clean = "  for (double price : prices) total += price;\n"
    result = 'std::string("none")' if number == 137 else "0"
    call = "audit_total(total)" if number == 161 else "total"
    declare = "double audit_total(double);\n" if number == 161 else ""
    return (
        f"#include <string>\n#include <vector>\n{declare}"
        f"double subtotal_{number:03}(const std::vector<double>& prices) {{\n"
        f"  double total = 0;\n{unused}{compare if number % 3 == 1 else clean}"
        f"  if (prices.empty()) return {result};\n  return {call};\n}}\n"
    )


def _main(modules: int) -> str:
    declarations = "".join(f"double subtotal_{n:03}(const std::vector<double>&);\n" for n in range(modules))
    sums = "".join(f"  total += subtotal_{n:03}({{{n}.5, 2.0}});\n" for n in range(modules))
    head = f"#include <vector>\n{declarations}int main() {{\n  double total = 0;\n"
    return f"{head}{sums}  return total > 0 ? 0 : 1;\n}}\n"


def tests_log(project: Path) -> str:
    """Test a small price calculator, which rounds half a cent down and forgets that a discount has a
    ceiling.
    """
    project.mkdir(parents=True)
    (project / "prices.py").write_text(
        "def total(cents: int, count: int, discount: int) -> int:\n"
        '    """Price of `count` pieces, less `discount` percent, in whole cents."""\n'
        "    if discount < 0:\n"
        '        raise ValueError(f"discount {discount} is negative")\n'
        "    return int(cents * count * (100 - discount) / 100)\n"
    )
    (project / "test_prices.py").write_text(
        "import pytest\n"
        "from prices import total\n\n\n"
        '@pytest.mark.parametrize("cents", range(95, 105))\n'
        '@pytest.mark.parametrize("count", [1, 2, 3, 10, 100])\n'
        '@pytest.mark.parametrize("discount", [0, 5, 10, 25, 50, 120])\n'
        "def test_total_is_rounded_and_never_negative(cents, count, discount):\n"
        "    exact = cents * count * (100 - min(discount, 100)) / 100\n"
        "    assert total(cents, count, discount) == int(exact + 0.5)\n\n\n"
        "def test_negative_discount_is_refused():\n"
        "    with pytest.raises(ValueError):\n"
        "        total(100, 1, -5)\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-v",
        "-p",
        "no:cacheprovider",
        "--maxfail=25",
        "--color=no",
        "-c",
        "/dev/null",
    ]
    return _run([*command, "--rootdir", str(project), str(project / "test_prices.py")], project)


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return without_this_machine(done.stdout, folder.parent)


def without_this_machine(text: str, folder: Path) -> str:
    """Show the folders of this machine under stable names."""
    for real, shown in (
        (folder, "/home/dev"),
        (HERE.resolve(), "/home/dev/shop"),
        (Path(sys.prefix), "/home/dev/.venv"),
    ):
        text = text.replace(str(real), shown)
    return text


def service_log(path: Path) -> None:
    """Run a job queue with four workers and a store that times out for a while in the middle."""
    path.unlink(missing_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)-7s [%(threadName)s] %(name)s: %(message)s")
    )
    log = logging.getLogger("shop")
    log.setLevel(logging.DEBUG)
    log.addHandler(handler)
    Shop(random.Random(7)).run(jobs=1200, workers=4)
    handler.close()
    text = path.read_text(encoding="utf-8")
    path.write_text(without_this_machine(text, path.parent), encoding="utf-8")


class StoreTimeout(Exception):
    """The store did not answer in time."""


class Shop:
    """Takes orders from a queue and writes them to a store."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._jobs: queue.Queue[tuple[str, int] | None] = queue.Queue()
        self._done = 0
        self._total = 0

    def run(self, jobs: int, workers: int) -> None:
        log = logging.getLogger("shop.main")
        log.info("starting with %d workers, store at %s", workers, "tcp://10.0.0.12:5432")
        self._total = jobs
        threads = [threading.Thread(target=self._work, name=f"worker-{n}") for n in range(workers)]
        for thread in threads:
            thread.start()
        for _ in range(jobs):
            self._jobs.put(
                (str(uuid.UUID(int=self._chance.getrandbits(128), version=4)), self._chance.randrange(1, 9))
            )
            time.sleep(0.001)
        for _ in threads:
            self._jobs.put(None)
        for thread in threads:
            thread.join()
        log.info("stopped after %d orders", self._done)

    def _work(self) -> None:
        log = logging.getLogger("shop.worker")
        while (job := self._jobs.get()) is not None:
            order, items = job
            started = time.perf_counter()
            log.debug("order %s: checking %d items", order, items)
            try:
                self._store(order, items)
            except StoreTimeout:
                log.exception("order %s lost after 3 attempts", order)
            else:
                log.info("order %s stored in %.1f ms", order, 1000 * (time.perf_counter() - started))
            self._done += 1
            if self._done % 400 == 0:
                logging.getLogger("shop.main").info(
                    "queue depth %d, %d orders done", self._jobs.qsize(), self._done
                )

    def _store(self, order: str, items: int) -> None:
        log = logging.getLogger("shop.store")
        for attempt in range(1, 4):
            in_trouble = 0.55 < self._done / self._total < 0.6
            time.sleep(0.0005 * items)
            if not (in_trouble and self._chance.random() < 0.7):
                return
            log.warning(
                "write of order %s timed out after %d ms (attempt %d of 3)", order, 250 * attempt, attempt
            )
        raise StoreTimeout(f"no answer from 10.0.0.12:5432 for order {order}")


if __name__ == "__main__":
    main()
