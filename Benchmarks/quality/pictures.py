"""Pictures with labelled changes: the backgrounds of Debian's desktops where they are installed, else drawn scenes."""
import io
from pathlib import Path

from .labelled import Item

BACKGROUNDS = ("/usr/share/backgrounds", "/usr/share/wallpapers")
LONGEST = 640


def sources(rng):
    """Pictures that no two methods should take for one another."""
    from PIL import Image
    paths = sorted(path for top in BACKGROUNDS for path in Path(top).rglob("*.*")
                   if path.suffix in (".jpg", ".png", ".webp") and not path.is_symlink() and "dark" not in str(path))
    rng.shuffle(paths)
    seen = []
    for path in paths:
        picture = Image.open(path).convert("RGB")
        if min(picture.size) < 200:
            continue
        small = list(picture.convert("L").resize((16, 16)).tobytes())
        mean = sum(small) / 256
        spread = (sum((point - mean) ** 2 for point in small) / 256) ** 0.5
        if spread < 8:
            continue
        light = [(point - mean) / spread for point in small]
        # The same picture in two sizes, or in two packages, would make the labels wrong.
        if any(sum(one * other for one, other in zip(light, known)) / 256 > 0.8 for known in seen):
            continue
        seen.append(light)
        picture.thumbnail((LONGEST, LONGEST))
        yield picture


def build(rng, originals, distractors):
    from support.pictures import jpeg, scene
    source, items = sources(rng), []
    for number in range(originals):
        picture = next(source, None) or scene(rng, (LONGEST, 480))
        name = f"p{number:04}"
        items.append(Item(name, jpeg(picture, quality=95), name))
        for operation, strength, data, is_core in changes(rng, picture):
            items.append(Item(f"{name}-{operation}-{strength}", data, name, operation, strength, is_core=is_core))
    for number in range(originals):
        items.append(Item(f"page{number:04}", page(rng), "page0000", "page" if number else "", is_trap=number > 0))
    for number in range(distractors):
        picture = next(source, None) or scene(rng, (LONGEST, 480))
        items.append(Item(f"e{number:05}", jpeg(picture), f"e{number:05}"))
    return items


def changes(rng, picture):
    from PIL import Image, ImageEnhance, ImageFilter, ImageOps
    from support.pictures import encoded, jpeg, stamped, trimmed
    width, height = picture.size
    for quality in (90, 70, 40, 20, 10):
        yield "jpeg", f"q {quality}", jpeg(picture, quality=quality), True
    yield "format", "PNG", encoded(picture, "PNG"), True
    yield "format", "WebP", encoded(picture, "WEBP", quality=75), True
    yield "format", "GIF", encoded(picture, "GIF"), True
    for percent in (25, 50, 75, 150, 200):
        size = (width * percent // 100, height * percent // 100)
        yield "resize", f"{percent} %", jpeg(picture.resize(size)), True
    yield "stretch", "80 %", jpeg(picture.resize((width * 8 // 10, height))), True
    for percent in (80, 120):
        yield "brightness", f"{percent} %", jpeg(ImageEnhance.Brightness(picture).enhance(percent / 100)), True
        yield "contrast", f"{percent} %", jpeg(ImageEnhance.Contrast(picture).enhance(percent / 100)), True
    yield "grey", "", jpeg(picture.convert("L")), True
    yield "blur", "2 points", jpeg(picture.filter(ImageFilter.GaussianBlur(2))), True
    noise = Image.effect_noise(picture.size, 30).convert("L")
    yield "noise", "", jpeg(Image.blend(picture, Image.merge("RGB", [noise] * 3), 0.15)), True
    yield "stamp", "3 % of the area", jpeg(stamped(picture)), True
    yield "border", "2 %", jpeg(ImageOps.expand(picture, border=width // 50)), True
    yield "border", "8 %", jpeg(ImageOps.expand(picture, border=width * 8 // 100)), False
    for percent in (2, 5, 10, 20):
        yield "crop", f"{percent} %", jpeg(trimmed(picture, percent / 100)), percent <= 5
    mean = tuple(picture.resize((1, 1)).getpixel((0, 0)))
    for degrees in (1, 2, 5):
        yield "rotate", f"{degrees}°", jpeg(picture.rotate(degrees, fillcolor=mean, resample=Image.BICUBIC)), degrees == 1
    yield "turn", "90°", jpeg(picture.rotate(90, expand=True)), False
    yield "mirror", "", jpeg(ImageOps.mirror(picture)), False


def page(rng):
    """Text under a letterhead: all pages look alike from afar."""
    from PIL import Image, ImageDraw
    picture = Image.new("RGB", (480, 640), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 480, 40), fill=(30, 60, 120))
    for y in range(60, 620, 16):
        words = ("".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randrange(2, 10))) for _ in range(9))
        draw.text((20, y), " ".join(words)[:70], fill="black")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
