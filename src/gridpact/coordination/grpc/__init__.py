"""Parties on machines of their own: gRPC with mutual TLS, one method, bytes both ways.

    /gridpact.Market/Line    a stream: call of a party, then the reply of the coordinator to it, then the next call, ...
                             empty messages before a reply: there is nothing to say yet

Parties dial out; the coordinator alone listens. Who calls is who its certificate says, and nothing in the bytes. Calls
are idempotent: on a new line the last one is made again, and has the same reply. A call of its own for each turn, which
gRPC offers as well, would take twice the processor time (``gridpact bench --market``).
"""
