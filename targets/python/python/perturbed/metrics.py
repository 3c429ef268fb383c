"""How alike orders are: rank correlations and gains, a number a row."""

from ._perturbed import average_precision, kendall, ndcg, spearman

__all__ = ["average_precision", "kendall", "ndcg", "spearman"]
