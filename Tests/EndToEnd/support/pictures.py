"""Pictures that nobody has seen: scenes of shapes, drawn from a seed, and what cameras and editors make of them."""
import io

from PIL import Image, ImageDraw, ImageEnhance


def scene(rng, size=(800, 600)):
    """Some tens of shapes over each other on a ground that goes from one colour to another."""
    width, height = size
    picture = Image.linear_gradient("L").resize(size).rotate(rng.randrange(360))
    picture = Image.merge("RGB", [picture.point(lambda level, scale=rng.random(): int(level * scale)) for _ in range(3)])
    draw = ImageDraw.Draw(picture)
    for _ in range(40):
        x, y = rng.randrange(width), rng.randrange(height)
        half = (rng.randrange(15, width // 5), rng.randrange(15, height // 5))
        box = (x - half[0], y - half[1], x + half[0], y + half[1])
        rng.choice((draw.ellipse, draw.rectangle))(box, fill=tuple(rng.randrange(256) for _ in range(3)))
    return picture


def jpeg(picture, quality=90):
    return encoded(picture, "JPEG", quality=quality)


def encoded(picture, form, **options):
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def trimmed(picture, share=0.05):
    width, height = picture.size
    x, y = int(width * share / 2), int(height * share / 2)
    return picture.crop((x, y, width - x, height - y))


def lighter(picture, factor=1.2):
    return ImageEnhance.Brightness(picture).enhance(factor)


def stamped(picture, box=(0.6, 0.8, 0.9, 0.9)):
    """With a white rectangle; the box in fractions of the sides."""
    picture = picture.copy()
    width, height = picture.size
    ImageDraw.Draw(picture).rectangle(
        (box[0] * width, box[1] * height, box[2] * width, box[3] * height), fill="white")
    return picture


def bomb(side=40_000):
    """A PNG of a few bytes that promises more points than anybody has memory for."""
    import struct
    import zlib

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10**6), 9)) + chunk(b"IEND", b"")
