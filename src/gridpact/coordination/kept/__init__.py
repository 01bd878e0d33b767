"""What a party keeps of a market: its journal, and what can be verified and told from it."""
