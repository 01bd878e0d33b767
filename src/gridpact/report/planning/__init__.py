"""What a plan of a distribution network has of its own in a report: words, tables, sections."""
