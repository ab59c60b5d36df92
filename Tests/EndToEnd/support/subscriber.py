"""A WebSocket that reconnects and resumes: what it saw must be its owner's events, each once, in order."""
import json
import threading

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect


class Subscriber:
    def __init__(self, urls, client):
        self.urls, self.client = urls, client
        self.positions = []
        self.faults = []
        self.last = 0
        self.sessions = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stopping.is_set():
            url = self.urls[self.sessions % len(self.urls)].replace("http", "ws") + "/api/v1/live"
            self.sessions += 1
            try:
                self._listen(url)
            except (OSError, WebSocketException, TimeoutError, AssertionError):
                self.stopping.wait(0.2)

    def _listen(self, url):
        if self.client.token is None:  # Not for every connection: sign-ins are throttled, and others sign in to this account.
            self.client.sign_in(self.client.email, self.client.password)
        with connect(url, open_timeout=5, close_timeout=1) as socket:
            socket.send(json.dumps({"type": "authenticate", "token": self.client.token, "after": self.last}))
            while not self.stopping.is_set():
                try:
                    message = json.loads(socket.recv(timeout=1))
                except TimeoutError:
                    continue
                if message["type"] in ("ready", "position"):
                    continue
                if message["type"] == "error":
                    self.client.token = None
                    return
                if message["position"] <= self.last:
                    self.faults.append(("again or out of order", message["position"], self.last))
                self.last = message["position"]
                self.positions.append(self.last)

    def stop(self):
        self.stopping.set()
        self.thread.join(10)
