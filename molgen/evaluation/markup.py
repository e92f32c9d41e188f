"""HTML from plain texts: every text passes through here and is escaped, whatever a file's records hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Nothing is loaded and nothing runs, even if a text should get through unescaped."""


def text(given: object) -> str:
    """Return a text for use in an element or a quoted attribute."""
    return escape(CONTROL.sub("�", str(given)), quote=True)


def element(name: str, content: str, attributes: Mapping[str, str] | None = None) -> str:
    """Wrap markup in an element.

    Args:
        name: Of the element.
        content: Markup.
        attributes: Attribute to its text, not yet escaped.
    """
    given = "".join(f' {key}="{text(value)}"' for key, value in (attributes or {}).items())
    return f"<{name}{given}>{content}</{name}>"


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose first column heads its rows, in a frame that scrolls on narrow screens.

    Args:
        caption: What it shows.
        head: Column titles.
        rows: Texts, not yet escaped; a line break stays one.
    """
    titles = "".join(element("th", _lines(title), {"scope": "col"}) for title in head)
    body = "".join(
        element(
            "tr",
            element("th", _lines(row[0]), {"scope": "row"})
            + "".join(element("td", _lines(cell)) for cell in row[1:]),
        )
        for row in rows
    )
    whole = element("thead", element("tr", titles)) + f"<tbody>{body}</tbody>"
    frame = {"class": "scroll", "role": "region", "tabindex": "0", "aria-label": caption}
    # The caption stands outside the frame, where it wraps instead of scrolling away.
    return element("p", text(caption), {"class": "caption"}) + element(
        "div", element("table", whole, {"aria-label": caption}), frame
    )


def section(title: str, content: str, note: str = "") -> str:
    """Return a section under a heading, or nothing where it has no content."""
    if not content:
        return ""
    lead = element("p", text(note), {"class": "note"}) if note else ""
    return element("section", element("h2", text(title)) + lead + content)


def definitions(pairs: Sequence[tuple[str, str]]) -> str:
    """Return a list of terms and what they are."""
    return element("dl", "".join(element("dt", text(a)) + element("dd", _lines(b)) for a, b in pairs))


def legend(names: Sequence[str], with_reference: str | None) -> str:
    """Say which colour is what.

    Args:
        names: Of the series, in the order of their colours.
        with_reference: Name of the reference, or ``None`` where none is drawn.
    """
    items = [(name, f"var(--series-{i})") for i, name in enumerate(names)]
    items += [] if with_reference is None else [(with_reference, "var(--reference)")]
    swatches = "".join(
        element("li", element("span", "", {"style": f"background:{colour}", "class": "swatch"}) + text(name))
        for name, colour in items
    )
    return element("ul", swatches, {"class": "legend"})


def document(title: str, style: str, body: str) -> str:
    """Return a whole page that needs nothing but itself."""
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{text(title)}</title><style>{style}</style>"
    )
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body><main>{body}</main></body></html>\n'


def _lines(given: str) -> str:
    return text(given).replace("\n", "<br>")
