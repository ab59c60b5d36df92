"""Every benchmark by name: a function that yields figures."""
from . import append, blobs, hashing, push, reads

ALL = {
    "sha256": hashing.measure,
    "blobs": blobs.measure,
    "append": append.measure,
    "push": push.measure,
    "reads": reads.measure,
}
