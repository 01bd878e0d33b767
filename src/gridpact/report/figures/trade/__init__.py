"""Figures of a trade between microgrids."""
