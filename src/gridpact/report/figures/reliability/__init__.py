"""Figures of a reliability study: where supply fails, for how long, by which faults."""
