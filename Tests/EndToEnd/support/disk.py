"""A file system of its own for a directory, in memory, so that it can be full without anyone else's being."""
import os
import subprocess


class Disk:
    """Mounting needs root: `is_there` says whether it was allowed. Without it, the directory is used as it is."""

    def __init__(self, place, size="6g"):
        self.place, self.size = place, size
        place.mkdir(parents=True, exist_ok=True)
        self.is_there = self._mount("-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs")

    def fill(self):
        """From now on there is room for what is there, and a page or two."""
        state = os.statvfs(self.place)
        used = (state.f_blocks - state.f_bfree) * state.f_frsize
        if not self._mount("-o", f"remount,size={used + 16384}"):
            raise OSError("the disk cannot be made smaller")

    def free(self):
        if not self._mount("-o", f"remount,size={self.size}"):
            raise OSError("the disk cannot be made larger")

    def close(self):
        if self.is_there:
            subprocess.run(["umount", "-l", self.place], check=True)

    def _mount(self, *arguments):
        return subprocess.run(["mount", *arguments, self.place], capture_output=True).returncode == 0
