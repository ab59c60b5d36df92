"""A server that is asked to stop finishes what it has begun, and takes no more."""
import random
import signal
import threading
import time

import requests
from support.client import Client, sha256
from support.cluster import is_ready
from support.program import free_port
from support.promise import seed, trials
from support.role import Role


def test_a_server_that_is_asked_to_stop_finishes_what_it_has_begun(cluster, promise):
    rounds, number = trials(4), seed()
    rng = random.Random(number)
    acked, times = [], []
    account = Client.registered(cluster.urls[0])
    for turn in range(rounds):
        port = free_port()
        role = Role("stopped", ["serve", "--port", str(port)], cluster.environment, cluster.directory / "stopped.log")
        url = f"http://127.0.0.1:{port}"
        cluster.wait_for(lambda: is_ready(url), url)
        if turn % 20 == 19:  # Tokens live for ten minutes, a long form for longer; and sign-ins are throttled.
            account.sign_in(account.email, account.password)
        stopping = threading.Event()
        threads = [threading.Thread(target=upload_until, args=(stopping, url, account, f"{turn}-{n}", acked, number))
                   for n in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(0.3, 1))
        started = time.monotonic()
        role.process.send_signal(signal.SIGTERM)
        status = role.process.wait(60)
        times.append(time.monotonic() - started)
        stopping.set()
        for thread in threads:
            thread.join(60)
        assert status == 0
    listed = {file["path"]: file for file in account.pages("/files")}
    lost = [path for path, digest in acked if listed.get(path, {}).get("digest") != digest]
    promise.held(13, f"{rounds} stops under load", number, f"uploads acknowledged {len(acked)}", f"lost {len(lost)}",
                 f"s to exit p50 {sorted(times)[len(times) // 2]:.2f}, longest {max(times):.2f}")
    assert acked and not lost


def upload_until(stopping, url, account, name, acked, number):
    client = Client(url, account.token)
    rng = random.Random(f"{number}-{name}")
    count = 0
    while not stopping.is_set():
        count += 1
        data = rng.randbytes(rng.randint(1, 200_000))
        try:
            answer = client.put(f"{name}-{count}", data)
        except requests.RequestException:
            continue
        if answer.status_code == 201:
            acked.append((f"{name}-{count}", sha256(data)))
            # So that the list which is looked at in the end waits for this upload.
            account.position = max(account.position, client.position)
        else:
            assert answer.status_code in (429, 503), answer.text
