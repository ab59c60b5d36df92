"""Reads pack files by their documented form (docs/storage.md), and nothing else of ours."""
import hashlib
import struct

import lz4.block
import zstandard

HEADER, FOOTER = b"onefold pack 1\n\0", b"onefold index 1\n"
TRAILER = len(FOOTER) + 8 + 8 + 32
ENTRY = struct.Struct("<B32sQIQ")
RAW, LZ4, ZSTD, MANIFEST = 0, 1, 2, 16
DECOMPRESS = {
    RAW: lambda stored, size: stored,
    LZ4: lambda stored, size: lz4.block.decompress(stored, uncompressed_size=size),
    ZSTD: lambda stored, size: zstandard.ZstdDecompressor().decompress(stored, max_output_size=size),
}


def read(path):
    """The entries of one pack: kind, hex digest, stored bytes, size."""
    data = path.read_bytes()
    footer, start, count, digest = struct.unpack("<16sQQ32s", data[-TRAILER:])
    assert data.startswith(HEADER) and footer == FOOTER, path
    assert hashlib.sha256(data[start:-32]).digest() == digest, path
    for kind, digest, offset, stored, size in ENTRY.iter_unpack(data[start:start + count * ENTRY.size]):
        yield kind, digest.hex(), data[offset:offset + stored], size


def contents(blobs):
    """The bytes of every content that the packs of a store hold whole, by hex digest."""
    chunks, manifests = {}, {}
    for path in sorted((blobs / "packs").rglob("*.pack")):
        for kind, digest, stored, size in read(path):
            if kind == MANIFEST:
                manifests[digest] = stored, size
            else:
                chunks[digest] = DECOMPRESS[kind](stored, size)
                assert len(chunks[digest]) == size and hashlib.sha256(chunks[digest]).hexdigest() == digest, path
    whole = {}
    for digest, (manifest, size) in manifests.items():
        parts = parse(digest, manifest, size)
        if all(part in chunks for part, _ in parts):
            whole[digest] = b"".join(chunks[part] for part, _ in parts)
    return whole


def recount(blobs):
    """What the contents of a store take: their bytes, those of their distinct chunks, and the same as stored."""
    chunks, parts, size = {}, set(), 0
    for path in (blobs / "packs").rglob("*.pack"):
        for kind, digest, stored, count in read(path):
            if kind == MANIFEST:
                parts |= {part for part, _ in parse(digest, stored, count)}
                size += count
            else:
                chunks[digest] = (count, len(stored))
    return size, sum(chunks[part][0] for part in parts), sum(chunks[part][1] for part in parts)


def users(blobs):
    """Of each pack the contents that have their manifest, or a chunk, in it."""
    entries = {path: list(read(path)) for path in (blobs / "packs").rglob("*.pack")}
    chunks = {digest: {part for part, _ in parse(digest, stored, size)}
              for found in entries.values() for kind, digest, stored, size in found if kind == MANIFEST}
    return {path: {content for content, parts in chunks.items() if any(digest == content or digest in parts for _, digest, _, _ in found)}
            for path, found in entries.items()}


def parse(digest, manifest, size):
    """The digests and sizes of the chunks that a content is made of."""
    if not manifest:
        return [(digest, size)]
    magic = b"manifest 1\n"
    assert manifest.startswith(magic), digest
    assert hashlib.sha256(bytes.fromhex(digest) + manifest[:-32]).digest() == manifest[-32:], digest
    start = len(magic) + 1 + manifest[len(magic)]
    count, = struct.unpack_from("<I", manifest, start)
    return [(part.hex(), size) for part, size in struct.iter_unpack("<32sI", manifest[start + 4:start + 4 + count * 36])]
