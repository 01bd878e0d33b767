"""Figures of a run in which the district leads and the transmission market follows."""
