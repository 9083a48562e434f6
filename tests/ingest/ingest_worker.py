"""Ingests in child processes and kills them; started by `test_pipeline_killed.py`.

Arguments: the store's folder, then paths. For each line on standard input it forks a child that ingests
once, and kills it after the seconds that the line gives; `end` lets it run to its end. For each it writes
a line: `killed`, or the child's exit status.
"""

import os
import runpy
import signal
import sys
import time
from pathlib import Path

from ingest.pipeline import ingest
from store.store import Store


def main() -> None:
    here = Path(__file__).resolve()
    embedder = runpy.run_path(str(here.with_name("conftest.py")))["WordEmbedder"]()
    home, *paths = map(Path, sys.argv[1:])
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            store = Store.open(home, embedder)
            report = ingest(paths, store, prune=True)
            store.close()
            os._exit(0 if report.ok else 1)
        if line.strip() != "end":
            time.sleep(float(line))
            os.kill(child, signal.SIGKILL)  # not waited for yet, so this is no other process
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print("killed" if status == -signal.SIGKILL else status, flush=True)


if __name__ == "__main__":
    main()
