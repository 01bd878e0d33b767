"""Judges of plans of several owners."""
