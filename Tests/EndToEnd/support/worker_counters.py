"""What workers count, added up over their deaths: each start counts from zero again."""
import re
import threading
from collections import Counter

import requests

NAMES = {"onefold_worker_rescued_jobs_total": "jobs rescued", "onefold_worker_stale_results_total": "stale results refused",
         'onefold_worker_jobs_total{outcome="succeeded"}': "results reported"}


def read(port, name):
    """A metric of one worker; None while that does not answer."""
    try:
        text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=1).text
    except requests.RequestException:
        return None
    found = re.search(rf"^{re.escape(name)} (\d+)", text, re.M)
    return int(found[1]) if found else None


class WorkerCounters:
    def __init__(self, ports):
        self.totals, self.last = Counter(), {}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(ports,), daemon=True)
        self.thread.start()

    def stop(self):
        self.stopping.set()
        self.thread.join(30)

    def _run(self, ports):
        while not self.stopping.wait(0.5):
            for port in ports:
                for name, title in NAMES.items():
                    self._add(port, name, title)

    def _add(self, port, name, title):
        value, before = read(port, name), self.last.get((port, name), 0)
        if value is not None:
            self.totals[title] += value - before if value >= before else value
            self.last[port, name] = value
