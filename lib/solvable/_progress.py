"""One bar for everything that takes long."""

from tqdm.auto import tqdm

PATIENCE = 3.0  # seconds before a bar appears


def bar(total: int, unit: str, wanted: bool = True) -> tqdm:
    """A bar that appears after three seconds, and never where TQDM_DISABLE is set, as it is while the book is built."""
    hidden = {} if wanted else {"disable": True}  # a disable=False would overrule the environment
    return tqdm(total=total, delay=PATIENCE, leave=False, unit=f" {unit}", **hidden)
