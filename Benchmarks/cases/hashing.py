"""SHA-256 of a stream, against OpenSSL's own measure of itself."""
import re
import subprocess

from .harness import bench, figure, interleaved


def measure():
    ours, limit = interleaved(lambda: bench("sha256", "--seconds", 2) / 1e6, openssl_speed)
    yield figure("sha256", ours, "MB/s", limit, "openssl speed -evp sha256, 1 MiB blocks")


def openssl_speed():
    # By the clock on the wall, as ours is; the default counts processor time.
    out = subprocess.run(["openssl", "speed", "-elapsed", "-mr", "-seconds", "2", "-bytes", str(1 << 20), "-evp", "sha256"],
                         capture_output=True, text=True, timeout=60, check=True).stdout
    return float(re.search(r"^\+F:\d+:[^:]+:([\d.]+)$", out, re.MULTILINE).group(1)) / 1e6
