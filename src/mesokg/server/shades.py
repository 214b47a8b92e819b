"""The colours of kinds on the dark ground of pages: those of the networks, lighter only where they could not be told from it."""

from __future__ import annotations

from mesokg.networks.styles import mix, rgb

__all__ = ["DARK_GROUND", "LEAST_CONTRAST", "contrast", "in_the_dark"]

DARK_GROUND = "#14171B"
"""The ground of pages in the dark; ``explorer.css`` has the same (``--page``)."""

LEAST_CONTRAST = 3.0
"""What WCAG 2.2 wants of what is drawn (1.4.11)."""


def _luminance(colour: str) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (one / 255 for one in rgb(colour)))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as #RRGGBB, 1 to 21, as WCAG 2.2 defines it.

    >>> contrast("#000000", "#FFFFFF")
    21.0
    """
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def in_the_dark(colour: str) -> str:
    """The colour itself where it stands out from DARK_GROUND, else with the least hundredths of white, which keeps the hue.

    >>> in_the_dark("#D55E00"), in_the_dark("#332288")
    ('#D55E00', '#6659A6')
    """
    lighter = (mix(colour, "#FFFFFF", hundredths / 100) for hundredths in range(100))
    return next(one for one in lighter if contrast(one, DARK_GROUND) >= LEAST_CONTRAST)
