"""The power of the width that sizes follow."""

import numpy as np

from solvable.networks.slopes import line_weights


def power(widths, sizes):
    return float(line_weights(np.array(widths)) @ np.log(np.array(sizes)))
