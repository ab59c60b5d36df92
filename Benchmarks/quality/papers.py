"""Documents: one text as it is written by Word, LibreOffice, a browser and a printer, saved again, and edited."""
import gzip
import re

from .labelled import Item
from .texts import replaced, sections


def paragraphs(words, size=60):
    return [" ".join(words[start:start + size]) for start in range(0, len(words), size)]


def prose(source):
    """Words of plain letters: what every form can hold."""
    while True:
        words = re.findall(r"[A-Za-z]{2,}", " ".join(next(source)))
        if len(words) >= 250:
            return words


def build(rng, originals, distractors):
    from support import documents

    forms = {"docx": documents.word, "odt": documents.open_document, "pdf": documents.pdf, "html": documents.html,
             "txt.gz": lambda text: gzip.compress("\n\n".join(text).encode(), mtime=0),
             "txt": lambda text: "\n\n".join(text).encode()}
    source, items = sections(rng), []
    vocabulary = sorted({word for _ in range(20) for word in prose(source)})
    for number in range(originals):
        words, name = prose(source), f"p{number:04}"
        text = paragraphs(words)
        items.append(Item(name, documents.word(text), name))

        def add(operation, strength, data, **labels):
            items.append(Item(f"{name}-{operation}-{strength}", data, name, operation, strength, **labels))

        for form, written in list(forms.items())[1:]:
            add("as", form, written(text))
        add("saved again", "other compression", documents.word(text, level=1))
        add("saved again", "other date and author", documents.word(text, author="another", date=(2026, 2, 3, 4, 5, 6)))
        add("formatted", "other paragraphs", documents.word(paragraphs(words, 25)))
        for percent in (2, 5, 10, 20):
            form = rng.choice(list(forms))
            add("edited", f"{percent} %, in any form", forms[form](paragraphs(replaced(rng, words, vocabulary, percent))), is_core=percent <= 10)
        other = prose(source)
        add("one layout", "", documents.pdf(paragraphs(other[:len(words)])), is_trap=True)
        shared = len(words) * 3 // 10
        add("30 % in common", "", documents.word(paragraphs(words[:shared] + prose(source)[shared:])), is_trap=True)
    names = list(forms)
    for number in range(distractors):
        try:
            words = prose(source)
        except StopIteration:
            break
        items.append(Item(f"d{number:05}", forms[names[number % len(names)]](paragraphs(words)), f"d{number:05}"))
    return items
