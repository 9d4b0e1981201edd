"""One test for each way in which a test can end."""
import pytest


def test_pass():
    pass


def test_fail(picture):
    total = 1 + 1
    assert total == 3, "the sum is wrong"


def test_error(broken):
    pass


def test_error_at_the_end(broken_at_the_end):
    pass


@pytest.mark.skip(reason="not today")
def test_skip():
    pass


def test_skip_within():
    pytest.skip("no camera here")


@pytest.mark.xfail(reason="known fault", strict=True)
def test_xfail():
    assert False


@pytest.mark.xfail(reason="mended meanwhile")
def test_xpass():
    pass


@pytest.mark.area("login", owner="team-a")
def test_property(record_property):
    record_property("requirement", "REQ-7")
