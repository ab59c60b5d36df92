"""Tar archives in memory, as Python's own tarfile makes them."""
import io
import tarfile


def archive(files, format=tarfile.PAX_FORMAT, headers=None):
    """An archive of (path, bytes) pairs, or of TarInfo objects for what is no file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=format, pax_headers=headers or {}) as tar:
        for file in files:
            if isinstance(file, tarfile.TarInfo):
                tar.addfile(file)
                continue
            path, data, *records = file
            info = tarfile.TarInfo(path)
            info.size = len(data)
            info.pax_headers = records[0] if records else {}
            tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()
