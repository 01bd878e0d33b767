"""The study of a trade: settings, outcome, record."""
