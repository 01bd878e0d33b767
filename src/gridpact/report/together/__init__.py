"""What a joint plan of several owners has of its own in a report: words, tables, sections."""
