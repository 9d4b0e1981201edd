"""Names and parameters that are easily cut or mangled."""
import pytest


@pytest.mark.parametrize("version,locale", [("1.2.3", "de_DE.UTF-8"), ("10.0", "en.US"), ("..", "a.b.c")])
def test_dotted(version, locale):
    pass


@pytest.mark.parametrize("text", ["café ☕", "a=b,c", "tab\tand\nline", "<tag> & \"quote\""])
def test_text(text):
    pass


class TestCart:
    @pytest.mark.parametrize("count", [0, 1, 250])
    def test_total(self, count):
        assert count != 250

    def test_unicode_ä(self):
        pass


def test_artifact(picture):
    pass
