"""Coordination of parties on machines of their own: both ends, what passes between them, and a simulator of it."""
