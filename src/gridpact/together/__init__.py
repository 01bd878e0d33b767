"""Owners plan together: the study."""
