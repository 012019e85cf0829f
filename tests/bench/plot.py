# SPDX-License-Identifier: MIT
"""Plots as SVG: grouped horizontal bars, each with its value, readable on light and dark pages."""

from xml.sax.saxutils import escape

WIDTH, LABEL, BAR, GAP, TOP = 760, 190, 16, 10, 56
COLOURS = ["#3b6ea5", "#c8763c", "#5a9367", "#8c5a9e", "#b0494f", "#7a7a3a"]


def number(value):
    """A short text for a value: 1234567 becomes 1.23M."""
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= limit:
            return f"{value / (limit if letter != 'k' else 1e3):.3g}{letter}"
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def text(x, y, content, size=12, anchor="start", weight="normal"):
    return (f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{escape(content)}</text>')


def bars(title, subtitle, series, groups):
    """Returns an SVG. `series` are names; `groups` are (label, a value or None for each series)."""
    largest = max((value for _, values in groups for value in values if value), default=1)
    scale = (WIDTH - LABEL - 80) / largest
    parts, y = [], TOP + (22 if len(series) > 1 else 0)
    if len(series) > 1:
        x = LABEL
        for index, name in enumerate(series):
            parts.append(f'<rect x="{x}" y="{TOP - 10}" width="12" height="12" '
                         f'fill="{COLOURS[index % len(COLOURS)]}"/>')
            parts.append(text(x + 17, TOP, name))
            x += 40 + 7 * len(name)
    for label, values in groups:
        middle = y + BAR * len(values) / 2 + 4
        parts.append(text(LABEL - 8, middle, label, anchor="end"))
        for index, value in enumerate(values):
            if value is not None:
                length = max(1, value * scale)
                parts.append(f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR - 2}" '
                             f'fill="{COLOURS[index % len(COLOURS)]}"/>')
                parts.append(text(LABEL + length + 5, y + BAR - 4, number(value), 11))
            y += BAR
        y += GAP
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 6}" '
            f'font-family="sans-serif" fill="#444">\n'
            f'<rect width="{WIDTH}" height="{y + 6}" fill="#fff"/>\n')
    return (head + text(12, 22, title, 16, weight="bold") + text(12, 40, subtitle, 11) + "\n"
            + "\n".join(parts) + "\n</svg>\n")
