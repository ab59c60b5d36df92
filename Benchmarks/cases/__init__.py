"""Every benchmark by name: a function that yields figures."""
from . import append, blobs, catchup, chunk, flatness, hashing, jobs, picture, push, reads, replay, scan, similarity, sketch, stores, verify

ALL = {
    "sha256": hashing.measure,
    "chunk": chunk.measure,
    "sketch": sketch.measure,
    "picture": picture.measure,
    "similarity": similarity.measure,
    "scan": scan.measure,
    "blobs": blobs.measure,
    "append": append.measure,
    "catchup": catchup.measure,
    "verify": verify.measure,
    "push": push.measure,
    "stores": stores.measure,
    "jobs": jobs.measure,
    "reads": reads.measure,
    "replay": replay.measure,
    "flatness": flatness.measure,
}
