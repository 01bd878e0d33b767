"""What a reliability study has of its own in a report: words, tables, sections."""
