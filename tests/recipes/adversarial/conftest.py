"""Networks that the tests of this folder share: trained once a session, in their draft profile."""

import pytest
import torch

from stillroom.recipes.adversarial.digit_nets import digit_nets
from stillroom.testing import store_recipe

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def nets():
    """Perceptrons: the cheapest networks that show what most figures are about."""
    return store_recipe(digit_nets, draft=True)


@pytest.fixture(scope="session")
def conv_nets():
    """Small convolutional networks, where perceptrons will not do."""
    return store_recipe(digit_nets, draft=True, kind="narrow", epochs=6, steps=1)
