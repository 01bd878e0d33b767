"""Who is who in a market: keys, the roster, certificates, and the folders in which members get them."""
