"""Figures of heat, and of heat and electricity together."""
