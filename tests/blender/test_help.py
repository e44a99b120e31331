"""Help opens the guide of a panel, and says so where it can't."""

import webbrowser
from typing import Any

import pytest

from tools import help_pages

bpy: Any = pytest.importorskip("bpy")


@pytest.fixture
def opened(part, tmp_path, monkeypatch):
    """The addresses that were given to the web browser."""
    help_pages.write(tmp_path)
    monkeypatch.setattr(part("operators.help"), "PAGES", tmp_path)
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: addresses.append(address) or True)
    return addresses


def test_every_help_button_leads_to_a_heading_that_is_there(part, opened, tmp_path):
    asked = []

    class Layout:
        def __getattr__(self, _name):
            return lambda *_arguments, **_values: self

        def operator(self, name, **_values):
            made = type("Properties", (), {})()
            asked.append((name, made))
            return made

    for panel in (*part("ui.panels").CLASSES, *part("ui.shape_panels").CLASSES):
        if hasattr(panel, "draw_header_preset") and panel.bl_space_type == "VIEW_3D":
            instance = type("Panel", (), {"layout": Layout()})()
            panel.draw_header_preset(instance, bpy.context)
    pages = [made.page for name, made in asked if name == "fields.help"]
    assert {page.partition("#")[0] for page in pages} == {"index", "capture", "takes", "my-rig", "cleaning", "emotion"}
    for page in [*pages, "problems#reporting-a-bug", "index"]:
        assert bpy.ops.fields.help(page=page) == {"FINISHED"}
        name, _, heading = page.partition("#")
        text = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
        assert not heading or f'id="{heading}"' in text, page
        assert opened[-1].startswith("file://")
        assert opened[-1].endswith(f"/{name}.html#{heading}" if heading else f"/{name}.html")


def test_without_guides_or_browser_it_says_what_to_do(part, opened, monkeypatch, tmp_path):
    monkeypatch.setattr(webbrowser, "open", lambda _address: False)
    with pytest.raises(RuntimeError, match=r"index\.html"):
        bpy.ops.fields.help()
    monkeypatch.setattr(part("operators.help"), "PAGES", tmp_path / "nowhere")
    with pytest.raises(RuntimeError, match="install the extension again"):
        bpy.ops.fields.help()
