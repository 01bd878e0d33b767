"""Coordination of parties on machines of their own: both ends and what passes between them."""
