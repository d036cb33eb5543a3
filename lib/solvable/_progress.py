"""One bar for everything that takes long."""

import os

from tqdm.auto import tqdm

PATIENCE = 3.0  # seconds before a bar appears


def bar(total: int, unit: str, wanted: bool = True) -> tqdm:
    """A bar after three seconds; none while the book is built, whose pages may not depend on the machine's speed."""
    hidden = not wanted or bool(os.environ.get("SOLVABLE_BOOK"))  # a notebook's tqdm does not heed TQDM_DISABLE
    return tqdm(total=total, delay=PATIENCE, leave=False, disable=hidden, unit=f" {unit}")
