"""A TCP link that can go bad: run as a process of its own, so that what it carries takes nothing from the clients' interpreter.

  pass    carries everything
  stall   carries nothing, and says nothing: like packets that are dropped
  cut     breaks every connection, and each new one
  lose    carries requests, and breaks the connection as its answer begins
  tear    breaks each connection when it has carried 300 kB of answers
  flip    changes a bit in requests, after their first 100 kB
"""
import asyncio
import subprocess
import sys
import threading
from pathlib import Path


class Proxy:
    """A link to `target`: `host:port`, or the path of a Unix socket. Listens on the loopback interface, or at the far end of a wire."""

    def __init__(self, target, wire=None):
        self.host = wire.far if wire else "127.0.0.1"
        prefix = wire.prefix if wire else []
        self.process = subprocess.Popen([*prefix, sys.executable, Path(__file__), target, self.host], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        self.lock = threading.Lock()

    def set(self, mode):
        """Returns once it holds."""
        with self.lock:
            self.process.stdin.write(mode + "\n")
            self.process.stdin.flush()
            self.process.stdout.readline()

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


class Link:
    def __init__(self, target):
        self.target = target
        self.mode = "pass"
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.transports = set()

    def set(self, mode):
        self.mode = mode
        if mode == "stall":
            self.flowing.clear()
        else:
            self.flowing.set()
        if mode == "cut":
            for transport in list(self.transports):
                transport.abort()

    async def carry(self, reader, writer):
        transports = {writer.transport}
        self.transports |= transports
        try:
            if self.mode == "cut":
                return
            await self.flowing.wait()
            onward = await self._connect()
            transports.add(onward[1].transport)
            self.transports |= transports
            await asyncio.gather(self._pump(reader, onward[1]), self._pump(onward[0], writer, answers=True))
        except OSError:
            pass
        finally:
            for transport in transports:
                transport.abort()
            self.transports -= transports

    async def _connect(self):
        if self.target.startswith("/"):
            return await asyncio.open_unix_connection(self.target)
        host, port = self.target.rsplit(":", 1)
        return await asyncio.open_connection(host, int(port))

    async def _pump(self, source, sink, answers=False):
        carried = 0
        while data := await source.read(1 << 16):
            await self.flowing.wait()
            carried += len(data)
            if answers and self.mode == "tear" and carried > 300_000:
                raise ConnectionResetError
            if answers and self.mode == "lose":
                raise ConnectionResetError
            if not answers and self.mode == "flip" and carried > 100_000:
                data = bytes([data[0] ^ 1]) + data[1:]
            sink.write(data)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()


async def main(target, host):
    link = Link(target)
    server = await asyncio.start_server(link.carry, host, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while mode := (await commands.readline()).decode().strip():
        link.set(mode)
        print(mode, flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
