"""What a run in which the district leads has of its own: words, tables, sections."""
