"""Parties on machines of their own: gRPC with mutual TLS, one method, bytes both ways.

    /gridpact.Market/Turn    call of a party -> reply of the coordinator; empty: nothing yet, make the same call again

Parties dial out; the coordinator alone listens. Who calls is who its certificate says, and nothing in the bytes.
"""
