"""What a report says of heat: routes of water, ties between prices, tables and leading sentences."""
