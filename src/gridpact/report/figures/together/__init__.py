"""Figures of a joint plan of several owners."""
