"""The guides as HTML: every picture and every link in them leads somewhere, in the folder or to a heading of a page."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from tools import help_pages


class Page(HTMLParser):
    """The links, pictures, headings and words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.headings: set[str] = set()
        self.words = ""
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag == "a":
            self.links.append(values["href"])
        if tag == "img":
            self.pictures.append(values["src"])
            assert values["alt"], "A picture says in words what it shows."
        if "id" in values:
            self.headings.add(values["id"])

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("help")
    help_pages.write(folder)
    return folder


@pytest.fixture(scope="module")
def pages(folder) -> dict[str, Page]:
    return {path.name: Page(path.read_text(encoding="utf-8")) for path in folder.glob("*.html")}


def test_every_link_and_picture_leads_somewhere(folder, pages):
    assert set(pages) == set(help_pages.PAGES)
    for name, page in pages.items():
        assert {link for link in page.links if not link.startswith("#")} >= set(pages) - {name}  # the menu
        for link in page.links:
            if not link.startswith("https:"):
                target, _, heading = link.partition("#")
                assert not heading or heading in pages[target or name].headings, (name, link)
                assert not target or target in pages, (name, link)
        for picture in page.pictures:
            assert (folder / picture).stat().st_size > 0


def test_tables_and_pictures_of_the_guides_are_in_them(pages):
    assert pages["my-rig.html"].pictures.count("images/rig-fields.jpg") == 1
    assert "table" in pages["capture.html"].tags and "|---" not in pages["capture.html"].words
    assert "Copy Diagnostics" in pages["problems.html"].words


def test_what_only_contributors_read_is_named_but_not_linked(pages):
    assert "docs/training.md" in pages["index.html"].words
    assert not any("training" in link for link in pages["index.html"].links)


def test_a_missing_picture_and_too_much_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(help_pages, "LARGEST", 1000)
    with pytest.raises(SystemExit, match="smaller"):
        help_pages.write(tmp_path / "all")
    (tmp_path / "a.md").write_text("# A\n![gone](images/gone.jpg)\n")
    monkeypatch.setattr(help_pages, "PAGES", {"a.html": "a.md"})
    with pytest.raises(SystemExit, match=r"gone\.jpg"):
        help_pages.write(tmp_path / "made", tmp_path)
