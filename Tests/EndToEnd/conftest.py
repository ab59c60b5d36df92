import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from support.client import Client  # noqa: E402
from support.cluster import Cluster  # noqa: E402
from support.promise import Promise  # noqa: E402
from support.program import BINARY, Onefold  # noqa: E402


def pytest_configure(config):
    if not BINARY.exists():
        raise pytest.UsageError(f"{BINARY} is not there: run `swift build --product onefold` first")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    item.failed = getattr(item, "failed", False) or report.failed
    return report


@pytest.fixture
def workspace(request):
    """A directory of this test's own that a service account may enter, gone afterwards: with KEEP, only if the test passed."""
    directory = Path(tempfile.mkdtemp(prefix="onefold-e2e-", dir="/tmp"))
    os.chmod(directory, 0o755)
    yield directory
    if os.environ.get("KEEP") and request.node.failed:
        print(f"kept: {directory}")
    else:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def promise(capsys):
    """Prints what was tried, past pytest's capture."""
    def show(line):
        with capsys.disabled():
            print("\n" + line)
    return Promise(show)


@pytest.fixture(scope="session")
def onefold():
    """One installation for all tests that do not stop or break it."""
    directory = Path(tempfile.mkdtemp(prefix="onefold-e2e-", dir="/tmp"))
    os.chmod(directory, 0o755)
    program = Onefold(directory / "data").start()
    yield program
    program.stop()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def own_onefold(workspace):
    """An installation of this test's own."""
    program = Onefold(workspace / "data").start()
    yield program
    program.kill()


@pytest.fixture
def cluster(workspace):
    """The roles apart, one process each."""
    cluster = Cluster(workspace, servers=1, workers=1)
    yield cluster
    cluster.stop()


@pytest.fixture
def user(onefold):
    """A fresh account, signed in."""
    return Client.registered(onefold.url)


@pytest.fixture
def admin(onefold):
    return Client.admin(onefold)
