"""Muon's orthogonalisation. Needs torch."""

import pytest

torch = pytest.importorskip("torch", reason="the trainer's own environment has it: training/smoke.sh")

from airelay_training.optimiser import COEFFICIENTS, STEPS, orthogonal  # noqa: E402


def stepwise(x: torch.Tensor) -> torch.Tensor:
    """The textbook form, for a wide matrix."""
    x = x / (x.norm() + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(STEPS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


def test_gram_form_equals_the_textbook_form() -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 16, 40)
    for got, one in zip(orthogonal(x), x, strict=True):
        torch.testing.assert_close(got, stepwise(one), rtol=2e-3, atol=2e-3)


def test_singular_values_come_near_one() -> None:
    torch.manual_seed(1)
    values = torch.linalg.svdvals(orthogonal(torch.randn(2, 40, 16)))
    assert float(values.min()) > 0.6 and float(values.max()) < 1.3
