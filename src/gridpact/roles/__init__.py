"""The roles of a market whose parties run on machines of their own: who convenes it, coordinates it, takes part."""
