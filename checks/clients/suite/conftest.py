"""What the suite attaches to its run and results."""
import pytest
from pytest_ibutsu.pytest_plugin import ibutsu_plugin_key, ibutsu_result_key

RUN_LOG = "the whole session\nzweite Zeile: äöü\n".encode()
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


@pytest.fixture(scope="session", autouse=True)
def run_log(pytestconfig):
    pytestconfig.stash[ibutsu_plugin_key].run.attach_artifact("session log.txt", RUN_LOG)


@pytest.fixture
def picture(request):
    request.node.stash[ibutsu_result_key].attach_artifact("page.png", PICTURE)


@pytest.fixture
def broken():
    raise RuntimeError("the fixture broke")


@pytest.fixture
def broken_at_the_end():
    yield
    raise RuntimeError("taking down broke")
