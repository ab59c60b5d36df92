"""What clients outside the system know: each request, fsynced before it is sent and after it is answered.

The ledger is the truth that the verifier holds the system to. It knows nothing of the system's insides.
"""
import json
import os
import threading


class Entry:
    """One upload and what became of it."""

    __slots__ = ("key", "user", "path", "digest", "size", "state", "file_id", "position", "removed", "trashed")

    def __init__(self, key, user, path, digest, size):
        self.key, self.user, self.path, self.digest, self.size = key, user, path, digest, size
        self.state = "sent"  # sent -> acked | refused; sent at the end = unknown
        self.file_id = self.position = None
        self.trashed = self.removed = False  # True, False, or None for unknown


class Ledger:
    def __init__(self, path):
        self.file = open(path, "w")
        self.lock = threading.Lock()
        self.entries = []

    def _write(self, record):
        with self.lock:
            self.file.write(json.dumps(record) + "\n")
            self.file.flush()
            os.fsync(self.file.fileno())

    def sent(self, entry):
        with self.lock:
            self.entries.append(entry)
        self._write({"sent": entry.key, "user": entry.user, "path": entry.path, "digest": entry.digest,
                     "size": entry.size})

    def acked(self, entry, file_id, position):
        entry.state, entry.file_id, entry.position = "acked", file_id, position
        self._write({"acked": entry.key, "file": file_id, "position": position})

    def refused(self, entry, status):
        entry.state = "refused"
        self._write({"refused": entry.key, "status": status})

    def changing(self, entry, what):
        """Before a trash or removal is sent: from here on its outcome is unknown."""
        setattr(entry, what, None)
        self._write({what: entry.key})

    def changed(self, entry, what, value):
        setattr(entry, what, value)
        self._write({what: entry.key, "done": value})

    def acknowledged(self):
        with self.lock:
            return [entry for entry in self.entries if entry.state == "acked"]
