"""What a run in which microgrids trade has of its own: words, tables, sections."""
