"""Other libraries on the same files: each says of two names whether it takes them for near, and counts its false pairs."""
import io
import re

WORD = re.compile(r"\w+")


class Rival:
    """Files as signatures, and a threshold on what two have in common."""

    def __init__(self, name, items, sign, near):
        self.name = name
        self.near = near
        self.signatures = {item.name: sign(item.data) for item in items}

    def together(self, one, other):
        left, right = self.signatures[one], self.signatures[other]
        return left is not None and right is not None and bool(self.near(left, right))

    def false_pairs(self, families, rng, limit=300_000):
        """Wrong pairs among all, or among so many that are drawn; and how many were looked at."""
        names = sorted(families)
        wrong = looked = 0
        if len(names) ** 2 // 2 <= limit:
            drawn = ((one, other) for place, one in enumerate(names) for other in names[place + 1:])
        else:
            drawn = ((rng.choice(names), rng.choice(names)) for _ in range(limit))
        for one, other in drawn:
            if families[one] != families[other]:
                looked += 1
                wrong += self.together(one, other)
        return wrong, looked


def words(data):
    text = data.decode("utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else data.decode("utf-8-sig", errors="replace")
    return WORD.findall(text.lower())


def triples(data):
    found = words(data)
    return {" ".join(found[place:place + 3]) for place in range(max(1, len(found) - 2))}


def text(items):
    import rensa
    from datasketch import MinHash
    from simhash import Simhash

    def minhash(data):
        made = MinHash(num_perm=128)
        made.update_batch([triple.encode() for triple in triples(data)])
        return made

    def rust(data):
        made = rensa.RMinHash(num_perm=128, seed=42)
        made.update(triples(data))
        return made

    yield Rival("datasketch 0.5", items, minhash, lambda one, other: one.jaccard(other) >= 0.5)
    yield Rival("rensa 0.5", items, rust, lambda one, other: one.jaccard(other) >= 0.5)
    yield Rival("simhash 6", items, lambda data: Simhash(words(data)).value, lambda one, other: (one ^ other).bit_count() <= 6)
    yield trend(items)


def trend(items):
    import tlsh
    return Rival("TLSH 70", items, lambda data: tlsh.hash(data), lambda one, other: one != "TNULL" and other != "TNULL" and tlsh.diff(one, other) <= 70)


def document(items):
    """Of the files as they are: neither of the two looks into a container."""
    yield trend(items)
    yield fuzzy(items)


def byte(items):
    from pyfastcdc import FastCDC
    chunker = FastCDC(avg_size=512, min_size=256, max_size=4096)

    def chunks(data):
        return {hash(bytes(chunk.data)) for chunk in chunker.cut_buf(data)}

    yield trend(items)
    yield Rival("chunks 0.5, all kept", items, chunks, lambda one, other: len(one & other) >= 0.5 * len(one | other))


def fuzzy(items):
    import ppdeep
    return Rival("ssdeep 40", items, ppdeep.hash, lambda one, other: ppdeep.compare(one, other) >= 40)


def picture(items):
    import imagehash
    import numpy
    import pdqhash
    from PIL import Image

    def opened(data):
        return Image.open(io.BytesIO(data)).convert("RGB")

    def number(bits):
        return int("".join("1" if bit else "0" for bit in numpy.asarray(bits).flatten()), 2)

    def differ(limit):
        return lambda one, other: (one ^ other).bit_count() <= limit

    yield Rival("phash 10", items, lambda data: number(imagehash.phash(opened(data)).hash), differ(10))
    yield Rival("dhash 4", items, lambda data: number(imagehash.dhash(opened(data)).hash), differ(4))
    yield Rival("pdqhash 31", items, lambda data: number(pdqhash.compute(numpy.asarray(opened(data)))[0]), differ(31))
