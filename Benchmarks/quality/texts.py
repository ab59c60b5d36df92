"""Texts with labelled edits: sections of the sources of Python's own library, which are wherever this runs, and then of what else is here to read."""
import re
import sysconfig
import unicodedata
from pathlib import Path

from .labelled import Item

WORDS = range(300, 1500)
"""Of a section."""
OTHERS = {"/usr/lib/python3/dist-packages": "*.py", "/usr/share/perl": "*.p[mo]*", "/usr/include": "*.h*", "/usr/share/doc": "*.*"}
"""Where more is, for sets that need more."""
LICENCE = 250
"""Words at the beginning of such a file that others may have as well."""


def sections(rng):
    """Different pieces of prose and code; no two of one file."""
    # Tables of code pages, and of how Python was built, are versions of each other, whatever the labels say; so are pages of one site.
    paths = sorted(path for path in Path(sysconfig.get_path("stdlib")).rglob("*.py")
                   if path.parent.name != "encodings" and not path.name.startswith("_sysconfigdata"))
    rng.shuffle(paths)
    for path in paths:
        words = path.read_text(errors="replace").split()
        if len(words) >= 2 * WORDS.start:
            yield section(rng, words)
    # Of each name one: the same module or header in two versions is a version of it.
    known, others = {path.name for path in paths}, {}
    for place, pattern in OTHERS.items():
        for path in sorted(Path(place).rglob(pattern)):
            if path.is_file() and not path.is_symlink() and path.suffix not in (".gz", ".png", ".svg", ".html") and path.name not in known:
                others.setdefault(path.name, path)
    paths = sorted(others.values())
    rng.shuffle(paths)
    for path in paths:
        data = path.read_bytes()
        words = data.decode(errors="replace").split()[LICENCE:] if b"\0" not in data else []
        if len(words) >= 2 * WORDS.start:
            yield section(rng, words)


def section(rng, words):
    count = rng.choice(WORDS)
    start = rng.randrange(max(1, len(words) - count))
    return words[start:start + count]


def build(rng, originals, distractors):
    source = sections(rng)
    vocabulary = sorted({word for words in (next(source) for _ in range(20)) for word in words})
    items = []
    for number in range(originals):
        words = next(source)
        name = f"t{number:04}"
        items.append(Item(name, render(words), name))
        seen = {items[-1].data}
        for operation, strength, data, is_core in edits(rng, words, vocabulary):
            if data not in seen:
                seen.add(data)
                items.append(Item(f"{name}-{operation}-{strength}", data, name, operation, strength, is_core=is_core))
        for operation, data in trap(rng, words, next(source)):
            items.append(Item(f"{name}-trap-{operation}", data, name, operation, "", is_trap=True))
    for number in range(distractors):
        words = next(source, None)
        if words is None:
            break
        items.append(Item(f"d{number:05}", render(words), f"d{number:05}"))
    return items


def render(words, width=12):
    return "\n".join(" ".join(words[start:start + width]) for start in range(0, len(words), width)).encode()


def edits(rng, words, vocabulary):
    """Operation, strength, bytes, and whether every method should see through it."""
    for percent in (1, 2, 5, 10, 15, 20, 30):
        yield "replace", f"{percent} %", render(replaced(rng, words, vocabulary, percent)), percent <= 10
    for percent in (5, 10, 20):
        gone = set(rng.sample(range(len(words)), len(words) * percent // 100))
        yield "delete", f"{percent} %", render([word for place, word in enumerate(words) if place not in gone]), percent <= 10
        longer = list(words)
        for _ in range(len(words) * percent // 100):
            longer.insert(rng.randrange(len(longer)), rng.choice(vocabulary))
        yield "insert", f"{percent} %", render(longer), percent <= 10
    third = len(words) // 3
    yield "move", "a third", render(words[third:2 * third] + words[:third] + words[2 * third:]), True
    for percent in (10, 25, 50):
        yield "append", f"{percent} %", render(words + rng.choices(vocabulary, k=len(words) * percent // 100)), percent <= 25
        yield "cut", f"{percent} %", render(words[:len(words) * (100 - percent) // 100]), percent <= 25
    text = " ".join(words)
    yield "format", "case", text.upper().encode(), True
    yield "format", "wrapped", render(words, 5), True
    yield "format", "CRLF", render(words).replace(b"\n", b"\r\n"), True
    yield "format", "BOM", b"\xef\xbb\xbf" + render(words), True
    yield "format", "UTF-16", render(words).decode().encode("utf-16"), True
    yield "format", "NFD", unicodedata.normalize("NFD", text + " déjà vu").encode(), True
    for percent in (1, 3):
        yield "typos", f"{percent} %", typed(rng, text, percent).encode(), percent == 1


def replaced(rng, words, vocabulary, percent):
    words = list(words)
    for place in rng.sample(range(len(words)), max(1, len(words) * percent // 100)):
        words[place] = rng.choice(vocabulary)
    return words


def typed(rng, text, percent):
    letters = list(text)
    for place in rng.sample(range(len(letters)), len(letters) * percent // 100):
        letters[place] = rng.choice("abcdefghijklmnopqrstuvwxyz")
    return "".join(letters)


def trap(rng, words, others):
    """What shares much with a text and is none of its versions."""
    shuffled = list(words)
    rng.shuffle(shuffled)
    yield "same words, other order", render(shuffled)
    shared = len(words) * 3 // 10
    yield "30 % in common", render(words[:shared] + others[:len(words) - shared])
    names = re.findall(r"\w+", " ".join(others))
    yield "translation", render([rng.choice(names) for _ in words])
