"""Plans of investment: candidates, days, decomposition, limits of the whole."""
