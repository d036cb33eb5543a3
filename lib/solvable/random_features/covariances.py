"""The spectrum of measured features: a table of words, the pixels of images, a layer of a network."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checks import as_floats, finite_answer, require, require_array, require_float64, require_shape, shape_of
from .._memory import require_memory
from .._pytree import Numbers


@finite_answer
def covariance(features: Numbers, *, weights: Numbers | None = None) -> Float[Array, " S"]:
    r"""The eigenvalues of the covariance of features, each row counted as often as it comes.

    .. math:: \Sigma = \sum_x p_x\, (\phi_x - \bar\phi)(\phi_x - \bar\phi)^\top, \qquad
              \bar\phi = \sum_x p_x\, \phi_x, \qquad p_x = \frac{w_x}{\sum_{x'} w_{x'}}

    Args:
      features: :math:`\phi`, shape (M, S): S features of each of M inputs.
      weights: w, shape (M,), >= 0 and not all zero, how often each input comes: the counts of words in a text, say.
        Equal by default.

    Returns:
      Eigenvalues in falling order, shape (S,); zero, up to rounding, where features do not vary.

    Raises:
      ValueError: for features that are no table, or weights that are negative, all zero, or not one for each row.
      RuntimeError: where jax is in float32.

    Exact. Of a random table of one row a word, weighted by the words' counts, this is `nonlinear.gram` of data whose
    eigenvalues are the words' frequencies. Source: E. Paquette, talk (2025). Book: "Spectra in the wild".
    """
    require_float64()
    phi = require_array("features", features, 2, "a table (M inputs, S features)")
    weights = jnp.ones(len(phi)) if weights is None else weights
    require_shape("weights", weights, 1, "one number per row of features, shape (M,)")
    if (shape := shape_of("weights", weights)) != phi.shape[:1]:
        raise ValueError(f"weights must have one number per row of features, {len(phi)}; got shape {shape}")
    require("weights", weights, "finite, >= 0 and not all zero", lambda w: (w >= 0) & np.isfinite(w) & (w > 0).any())
    require_memory(lambda columns: 24 * columns**2, **{"features.shape[1]": phi.shape[1]})
    share = as_floats(weights)
    share = share / share.max()  # no sum of weights overflows
    share = share / share.sum()
    centred = phi - share @ phi
    return jnp.maximum(jnp.linalg.eigvalsh(centred.T @ (share[:, None] * centred))[::-1], 0)
