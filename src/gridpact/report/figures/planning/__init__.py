"""Figures of a plan: what is built where, what it costs, how it was found, how it stands."""
