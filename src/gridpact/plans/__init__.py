"""The study of a plan: its search, the year on which it is checked, its record, what is kept of it as it grows."""
