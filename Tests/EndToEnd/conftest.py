import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from support.client import Client  # noqa: E402
from support.program import BINARY, Onefold  # noqa: E402


def pytest_configure(config):
    if not BINARY.exists():
        raise pytest.UsageError(f"{BINARY} is not there: run `swift build --product onefold` first")


@pytest.fixture
def workspace():
    """A directory of this test's own that a service account may enter, gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="onefold-e2e-", dir="/tmp"))
    os.chmod(directory, 0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


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
def user(onefold):
    """A fresh account, signed in."""
    return Client.registered(onefold.url)


@pytest.fixture
def admin(onefold):
    return Client.admin(onefold)
