"""Documents with the words that a test wants, written here: no office program is needed."""
import io
import tarfile
import zipfile
from xml.sax.saxutils import escape


def zipped(members, level=6, date=(2020, 1, 1, 0, 0, 0)):
    """An archive of these members, in their order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, date), data, zipfile.ZIP_DEFLATED, level)
    return out.getvalue()


def tarred(members):
    """The same in a tar, compressed."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def word(paragraphs, author="somebody", **options):
    """As Word saves it, with a word in two styles: the first letters of each paragraph are a stretch of their own."""
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="Normal"/></w:pPr><w:r><w:rPr><w:b/></w:rPr><w:t>{escape(text[:2])}</w:t></w:r>'
        f'<w:proofErr w:type="spellStart"/><w:r><w:t xml:space="preserve">{escape(text[2:])}</w:t></w:r></w:p>'
        for text in paragraphs)
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return zipped({
        "[Content_Types].xml": '<?xml version="1.0"?><Types/>',
        "docProps/core.xml": f"<core><creator>{escape(author)}</creator></core>",
        "word/document.xml": f'<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="{namespace}"><w:body>{body}</w:body></w:document>',
    }, **options)


def open_document(paragraphs, **options):
    """As LibreOffice saves it."""
    body = "".join(f"<text:p>{escape(text)}</text:p>" for text in paragraphs)
    names = " ".join(f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"' for short in ("office", "text"))
    return zipped({
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names}><office:body><office:text>'
                       f"{body}</office:text></office:body></office:document-content>",
        "meta.xml": "<meta/>",
    }, **options)


def slides(pages):
    name = "http://schemas.openxmlformats.org/drawingml/2006/main"
    return zipped({f"ppt/slides/slide{number}.xml": f'<p xmlns:a="{name}"><a:p><a:r><a:t>{escape(text)}</a:t></a:r></a:p></p>'
                   for number, text in enumerate(pages, 1)})


def book(chapters):
    return zipped({"mimetype": "application/epub+zip"} | {
        f"text/{number:03}.xhtml": html([text]) for number, text in enumerate(chapters)})


def html(paragraphs, title="A page", script="var hidden = 'never read';"):
    body = "".join(f"<p><b>{escape(text[:3])}</b>{escape(text[3:])}</p>" for text in paragraphs)
    return (f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{escape(title)}</title><script>{script}</script>"
            f"<style>p {{ color: red }}</style></head><body>{body}</body></html>").encode()


def pdf(paragraphs, words_a_line=10):
    """Pages in Helvetica; plain letters only."""
    lines = [" ".join(words[start:start + words_a_line]) for words in (text.split() for text in paragraphs)
             for start in range(0, len(words), words_a_line)]
    pages = [lines[start:start + 50] for start in range(0, len(lines), 50)] or [[]]
    objects = ["<< /Type /Catalog /Pages 2 0 R >>",
               f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(f'{4 + 2 * n} 0 R' for n in range(len(pages)))}] >>",
               "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    for number, page in enumerate(pages):
        shown = "BT /F1 10 Tf 14 TL 50 780 Td " + " ".join(
            "(" + line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") + ") Tj T*" for line in page) + " ET"
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * number} 0 R"
                       " /Resources << /Font << /F1 3 0 R >> >> >>")
        objects.append(f"<< /Length {len(shown)} >>\nstream\n{shown}\nendstream")
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n".encode()
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
