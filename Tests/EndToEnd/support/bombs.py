"""Files that are small and unpack to more than anybody has room or time for."""
import io
import struct
import tarfile
import zlib

import zstandard
from PIL import Image

from . import documents, pictures

MEGABYTE = 1 << 20


def zeros(megabytes, wbits=-15):
    """So many megabytes of zeros, deflated: a block that begins anew can be repeated, so nobody has to compress them all."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    raw = block * megabytes + b"\x03\x00"
    return raw if wbits < 0 else b"\x78\xda" + raw + struct.pack(">I", 0)


def archive(members, entries=None):
    """A zip of members that are deflated already: name, bytes, size, checksum. Of `entries` the directory may name more than there are."""
    out, places = bytearray(), []
    for name, data, size, check in members:
        places.append(len(out))
        out += struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 8, 0, 0, check, len(data), min(size, 0xFFFFFFF0), len(name), 0) + name + data
    start = len(out)
    entries = entries or range(len(members))
    for number, index in enumerate(entries):
        name, data, size, check = members[index]
        name = name if number < len(members) else b"%d" % number
        out += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 8, 0, 0, check, len(data), min(size, 0xFFFFFFF0), len(name), 0, 0, 0, 0, 0,
                           places[index]) + name
    count = min(len(entries), 0xFFFF)
    return bytes(out + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(out) - start, start, 0))


def nested(levels, copies=10):
    """Archives in archives: ten of each in the next."""
    inner = documents.zipped({"zeros": bytes(10 * MEGABYTE)})
    for level in range(levels):
        inner = documents.zipped({f"{level}-{copy}.zip": inner for copy in range(copies)})
    return inner


def gzip_of(raw, size):
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + raw + struct.pack("<II", 0, size & 0xFFFFFFFF)


def gzip_chain(levels):
    data = gzip_of(zeros(1000), 1000 * MEGABYTE)
    for _ in range(levels):
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        data = packer.compress(data) + packer.flush()
    return data


def tar_in_zstd(gigabytes):
    member = tarfile.TarInfo("zeros")
    member.size = gigabytes << 30
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    block = bytes(16 * MEGABYTE)
    return packer.compress(member.tobuf()) + b"".join(packer.compress(block) for _ in range(gigabytes * 64)) + packer.flush()


def gif(frames, side=2000):
    """One frame, again and again."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).quantize(4).save(out, "GIF")
    data = out.getvalue()
    start = 13 + 3 * (2 << (data[10] & 7))
    return data[:start] + data[start:-1] * frames + b";"


def laughs(levels=9, width=10):
    """A billion of one word, by entities of entities."""
    entities = '<!ENTITY e0 "ha">' + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * width}">' for n in range(1, levels + 1))
    return entities, f"&e{levels};"


def word(document):
    return documents.zipped({"[Content_Types].xml": '<?xml version="1.0"?><Types/>', "word/document.xml": document})


def word_of_entities():
    entities, text = laughs()
    return word(f'<?xml version="1.0"?><!DOCTYPE d [{entities}]><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
                f"<w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>")


def word_without_end(depth=1_000_000):
    return word('<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">' + "<w:p>" * depth)


def svg():
    entities, text = laughs()
    return f'<?xml version="1.0"?><!DOCTYPE svg [{entities}]><svg xmlns="http://www.w3.org/2000/svg"><text>{text}</text></svg>'.encode()


def pdf(*objects):
    """Objects from 1 on; the first is the catalogue."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out + b"trailer << /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))


def pdf_in_a_circle():
    return pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 9999999 /Parent 2 0 R >>",
               b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 9999999 /Parent 2 0 R >>")


def pdf_of_a_stream(megabytes):
    stream = zeros(megabytes, wbits=15)
    return pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R >>",
               b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(stream) + stream + b"\nendstream")


def all_of_them():
    kernel = (b"zeros", zeros(20), 20 * MEGABYTE, zlib.crc32(bytes(20 * MEGABYTE)))
    return {
        "ten gigabytes.zip": archive([(b"zeros", zeros(10_240), 10 << 30, 0)]),
        "overlapping.zip": archive([kernel], entries=[0] * 50_000),
        "members without end.zip": archive([(b"%06d" % number, b"\x03\x00", 0, 0) for number in range(400_000)]),
        "nested.zip": nested(4),
        "chain.gz": gzip_chain(3),
        "four gigabytes.tar.zst": tar_in_zstd(4),
        "points.png": pictures.bomb(60_000),
        "frames.gif": gif(4_000),
        "entities.svg": svg(),
        "entities.docx": word_of_entities(),
        "depth.docx": word_without_end(),
        "circle.pdf": pdf_in_a_circle(),
        "stream.pdf": pdf_of_a_stream(1_000),
    }
