"""Files of any kind with labelled edits in one place: the beginnings of this machine's libraries and programs, which have no words and no looks."""
from pathlib import Path

from .labelled import Item

SIZES = range(64 << 10, 2 << 20)
PLACES = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/bin", "/usr/sbin", "/usr/lib/postgresql"]
OTHERS = 0.3
"""Of the bytes, what a trap has in common with its original."""


def contents(rng):
    """Different ones: of each name one file, because versions of a library resemble each other."""
    paths = {}
    for place in PLACES:
        for path in sorted(Path(place).rglob("*")):
            if path.is_file() and not path.is_symlink() and path.stat().st_size >= SIZES.start:
                paths.setdefault(path.name.split(".")[0].split("-")[0], path)
    chosen = sorted(paths.values())
    rng.shuffle(chosen)
    for path in chosen:
        with path.open("rb") as file:
            data = file.read(rng.choice(SIZES))
        if data.startswith(b"\x7fELF"):
            yield data


def build(rng, originals, distractors):
    source, items = contents(rng), []
    for number in range(originals):
        data, name = next(source), f"b{number:04}"
        items.append(Item(name, data, name))
        for operation, strength, edited, is_core in edits(rng, data):
            items.append(Item(f"{name}-{operation}-{strength}", edited, name, operation, strength, is_core=is_core))
        other = next(source)
        shared = int(len(data) * OTHERS)
        items.append(Item(f"{name}-trap", data[:shared] + other[:len(data) - shared], name, "30 % in common", is_trap=True))
    for number, data in zip(range(distractors), source):
        items.append(Item(f"d{number:05}", data, f"d{number:05}"))
    return items


def edits(rng, data):
    """Operation, strength, bytes, and whether every method should see through it."""
    for percent in (1, 5, 10, 20, 30):
        length = len(data) * percent // 100
        start = rng.randrange(len(data) - length + 1)
        before, part, after = data[:start], data[start:start + length], data[start + length:]
        strength, is_core = f"{percent} %", percent <= 10
        yield "replace", strength, before + rng.randbytes(length) + after, is_core
        yield "insert", strength, before + rng.randbytes(length) + part + after, is_core
        yield "delete", strength, before + after, is_core
        rest = before + after
        place = rng.randrange(len(rest) + 1)
        yield "move", strength, rest[:place] + part + rest[place:], is_core
        yield "append", strength, data + rng.randbytes(length), is_core
        yield "cut", strength, data[:len(data) - length], is_core
    scattered = bytearray(data)
    for _ in range(len(data) // 20_000):
        scattered[rng.randrange(len(data))] ^= 1
    yield "flip", "a bit in 20 kB", bytes(scattered), True
