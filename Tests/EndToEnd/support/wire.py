"""A network between two hosts on one machine: packets are delayed, lost, or do not arrive at all.

The other host is a network namespace, and the wire two tun devices between which a process of its own carries each packet: real TCP over a bad
line, with its retransmissions and time-outs. (tc's netem would do it, where the kernel has it.) Needs root, iproute2 and /dev/net/tun.
"""
import asyncio
import fcntl
import os
import random
import struct
import subprocess
import sys
from pathlib import Path

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
PACKET = 1500


class Wire:
    """`near` and `far` are the addresses of its two ends; programs run at the far end with `prefix` before their command."""

    def __init__(self, number):
        self.near, self.far = f"10.213.{number}.1", f"10.213.{number}.2"
        self.namespace = f"onefold-{os.getpid()}-{number}"
        self.prefix = ["ip", "netns", "exec", self.namespace]
        self._ip("netns", "add", self.namespace)
        try:
            self.process = subprocess.Popen([sys.executable, Path(__file__), str(os.getpid()), str(number)], text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            names = self.process.stdout.readline().split()
            assert len(names) == 2, "no tun devices here"
            self._ip("link", "set", names[1], "netns", self.namespace)
            self._ip("address", "add", self.near, "peer", self.far, "dev", names[0])
            self._ip("link", "set", names[0], "up")
            for command in (["address", "add", self.far, "peer", self.near, "dev", names[1]], ["link", "set", names[1], "up"]):
                self._ip("-netns", self.namespace, *command)
        except BaseException:
            self._ip("netns", "delete", self.namespace)
            raise

    @staticmethod
    def is_possible():
        """Whether this machine lets us lay one."""
        try:
            Wire(0).close()
            return True
        except (OSError, subprocess.CalledProcessError, AssertionError):
            return False

    def set(self, delay=0.0, loss=0.0, is_up=True):
        """Seconds on the way, each way; the share of packets that are lost. Returns once it holds."""
        self.process.stdin.write(f"{delay} {loss} {int(is_up)}\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def carried(self):
        """Packets carried and packets lost so far."""
        self.process.stdin.write("count\n")
        self.process.stdin.flush()
        return tuple(int(number) for number in self.process.stdout.readline().split())

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        self._ip("netns", "delete", self.namespace)

    @staticmethod
    def _ip(*arguments):
        subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Carrier:
    def __init__(self, number):
        self.delay, self.loss, self.is_up = 0.0, 0.0, True
        self.carried, self.lost = 0, 0
        self.random = random.Random(number)
        self.loop = asyncio.get_running_loop()

    def carry(self, source, sink):
        try:
            packet = os.read(source, 1 << 16)
        except OSError:
            return  # The device is not up yet.
        if not self.is_up or self.random.random() < self.loss:
            self.lost += 1
            return
        self.carried += 1
        if self.delay:
            self.loop.call_later(self.delay, self.put, sink, packet)
        else:
            self.put(sink, packet)

    @staticmethod
    def put(sink, packet):
        try:
            os.write(sink, packet)
        except OSError:
            pass  # The end is down: a packet like any that is lost.


def tun(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


async def main(owner, number):
    carrier = Carrier(int(number))
    names = [f"of{owner}{end}{number}" for end in "nf"]
    near, far = (tun(name) for name in names)
    carrier.loop.add_reader(near, carrier.carry, near, far)
    carrier.loop.add_reader(far, carrier.carry, far, near)
    print(*names, flush=True)
    commands = asyncio.StreamReader()
    await carrier.loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := (await commands.readline()).decode().split():
        if line == ["count"]:
            print(carrier.carried, carrier.lost, flush=True)
            continue
        carrier.delay, carrier.loss, carrier.is_up = float(line[0]), float(line[1]), line[2] == "1"
        print("ok", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
