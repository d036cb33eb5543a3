"""Numbers as a person writes them."""

from __future__ import annotations

import math

Number = float | int

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: Number, digits: int = 3) -> str:
    """A number to some significant digits: 1,000, 0.5, 3×10⁻⁵, ∞."""
    value = float(value)
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    if math.isnan(value) or value == 0:
        return "0" if value == 0 else "no number"
    if value == round(value) and abs(value) < 1e7:
        return f"{value:,.0f}".replace("-", "−")
    if 1e-3 <= abs(value) < 1e7:
        return f"{value:,.{digits}g}".replace("-", "−") if abs(value) < 1000 else f"{value:,.0f}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".").replace("-", "−")
    power = "10" + str(int(exponent)).translate(RAISED)
    return power if mantissa == "1" else f"{mantissa}×{power}"


def spoken(text: str) -> str:
    """A label with ``$...$`` as it is read aloud: ``overlap m 0``."""
    return text.replace("$", "").replace("_", " ")


def fixed(value: Number, decimals: int) -> str:
    """A number with a fixed number of decimals: 1.50."""
    return f"{value:,.{decimals}f}".replace("-", "−")
