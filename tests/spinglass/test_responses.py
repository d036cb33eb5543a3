"""Four estimates of the response of one spin in a bath."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable.spinglass import SphericalGlass, single_site, theory

KEY = jax.random.key(1)
STEPS, H = 30, 0.1
GLASS = SphericalGlass({3: 0.5}, 0.3)


def test_three_estimates_of_the_response_work_and_one_does_not():
    bath = theory.descent(GLASS, STEPS, H)
    few, many = (single_site.responses(GLASS, bath, particles=paths, key=KEY) for paths in (2000, 32_000))

    def off(found, which):
        return float(jnp.sqrt(jnp.mean((getattr(found, which) - bath.response) ** 2)))

    assert off(few, "tangent") < 1e-14
    for which in ("probe", "novikov"):  # errors of 1 / sqrt(paths): a quarter
        assert off(many, which) < 0.4 * off(few, which)
        assert off(many, which) < 0.03
    assert off(many, "novikov_field") > 10 * off(many, "probe")


def test_without_noise_there_is_nothing_to_do_by_parts():
    cold = SphericalGlass({3: 0.5})
    found = single_site.responses(cold, theory.descent(cold, 10, H), particles=500, key=KEY)
    assert np.all(found.novikov == 0)
    assert np.all(np.isfinite(found.probe))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: single_site.responses(GLASS, theory.flow(GLASS, 0.5, 0.1), key=KEY),
            "bath must come from theory.descent",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
