"""Value learning in gridworlds: exact values, estimators, and the paths they average over."""
