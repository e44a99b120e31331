"""The guides as HTML, for the Help buttons: what the zip holds in its folder `help`. Made from README and docs/.

python -m tools.help_pages out/help
"""

import html
import re
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
# Page -> what it is made of, in the order of the menu on each page. What only contributors read is not among them.
PAGES = {
    "index.html": "README.md", "capture.html": "docs/capture.md", "cleaning.html": "docs/cleaning.md",
    "emotion.html": "docs/emotion.md", "takes.html": "docs/takes.md", "my-rig.html": "docs/my-rig.md",
    "mapping.html": "docs/mapping.md", "model-card.html": "docs/model-card.md", "problems.html": "docs/problems.md",
}  # fmt: skip
LARGEST = 3_000_000  # bytes of all pages and pictures together

_STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 50em; margin: 0 auto; padding: 1em 1.5em 4em; }
nav { border-bottom: 1px solid var(--line); padding-bottom: .7em; }
nav a { margin-right: 1em; white-space: nowrap; } nav b { margin-right: 1em; }
img { max-width: 100%; height: auto; border-radius: 4px; }
table { border-collapse: collapse; margin: 1em 0; } td, th { border: 1px solid var(--line); padding: .3em .6em; }
td, th { text-align: left; vertical-align: top; }
code { font-size: .9em; } pre { overflow-x: auto; padding: .8em; border: 1px solid var(--line); border-radius: 4px; }
"""


def write(folder: Path, root: Path = ROOT) -> list[str]:
    """Write all pages and their pictures into `folder`; returns their paths in it, sorted.

    Ends the program with a sentence where a picture is missing or all together are too large.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = set()
    for page, document in PAGES.items():
        body, pictures = _body(root / document, root)
        (folder / page).write_text(_page(page, body, root), encoding="utf-8")
        made.add(page)
        for picture in pictures:
            if not picture.is_file():
                sys.exit(f"{document} shows {picture}, which is not there.")
            (folder / "images").mkdir(exist_ok=True)
            shutil.copyfile(picture, folder / "images" / picture.name)
            made.add(f"images/{picture.name}")
    size = sum((folder / name).stat().st_size for name in made)
    if size > LARGEST:
        sys.exit(f"The help pages have {size:,} bytes, more than {LARGEST:,}. Make their pictures smaller.")
    return sorted(made)


def _body(document: Path, root: Path) -> tuple[str, list[Path]]:
    """A document as HTML, and the pictures in it."""
    from markdown_it import MarkdownIt  # here, since much else imports this module's neighbours

    parser = MarkdownIt("commonmark").enable("table")
    tokens, pictures = parser.parse(document.read_text(encoding="utf-8")), []
    for i, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor(tokens[i + 1].content))
        if token.children:
            token.children = _linked(token.children, document.parent, root, pictures)
    return parser.renderer.render(tokens, parser.options, {}), pictures


def _linked(tokens: list[Any], folder: Path, root: Path, pictures: list[Path]) -> list[Any]:
    """Links lead to the pages; those to files that don't ship become plain words. Collects the pictures."""
    kept, dead = [], 0
    for token in tokens:
        if token.type == "image":
            picture = (folder / str(token.attrs["src"])).resolve()
            pictures.append(picture)
            token.attrSet("src", f"images/{picture.name}")
        elif token.type == "link_open":
            target = _target(str(token.attrs["href"]), folder, root)
            if target is None:
                dead += 1
                continue
            token.attrSet("href", target)
        elif token.type == "link_close" and dead:
            dead -= 1
            continue
        kept.append(token)
    return kept


def _target(link: str, folder: Path, root: Path) -> str | None:
    """Where a link of a document leads from a page; None where what it leads to doesn't ship."""
    if re.match(r"[a-z]+:|#", link):
        return link
    path, _, heading = link.partition("#")
    wanted = (folder / path).resolve()
    page = next((page for page, document in PAGES.items() if (root / document).resolve() == wanted), None)
    return page and page + (f"#{heading}" if heading else "")


def anchor(heading: str) -> str:
    """The name by which links lead to a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _page(page: str, body: str, root: Path) -> str:
    titles = {name: _title(root / document) for name, document in PAGES.items()}
    menu = " ".join(
        f"<b>{title}</b>" if name == page else f'<a href="{name}">{title}</a>' for name, title in titles.items()
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{titles[page]}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<nav>{menu}</nav>\n{body}</body>\n</html>\n"
    )


def _title(document: Path) -> str:
    """Its first heading, up to a colon."""
    first = document.read_text(encoding="utf-8").partition("\n")[0]
    return html.escape(first.removeprefix("# ").partition(":")[0])


if __name__ == "__main__":
    print(*write(Path(sys.argv[1])), sep="\n")
