"""What stands at the other end, before anything is said: a connection that is made to be looked at, and closed.

gRPC tells a party neither whom it reached nor why it was turned away. So a party first connects by itself, says in
words what is wrong, and then lets gRPC trust the very certificate that it saw and nothing else.
"""

from __future__ import annotations

import socket
import ssl

from gridpact.coordination.identity.authority import fingerprint
from gridpact.coordination.identity.folders import Place
from gridpact.errors import Refused, Unreachable

PATIENCE_S = 5.0
# Of OpenSSL's reasons those that a user can do something about.
REASONS = {
    9: "its certificate is not yet valid: compare the clocks",
    10: "its certificate has expired: ask for new folders",
    18: "its certificate is signed by itself, not by the authority of this market",
    19: "its certificate is signed by a foreign authority",
    20: "its certificate is signed by a foreign authority",
    26: "its certificate is that of a party, not of a coordinator",
    62: "its certificate is not for this host name: dial one it was made for, or make it for this one",
    64: "its certificate is not for this address: dial one it was made for, or make it for this one",
}
AWAY = (
    "The coordinator turns this party away in the handshake; its own log says why. The clocks may differ, or this "
    "party's certificate be of another authority than the coordinator's."
)


class TurnedAway(Unreachable):
    """The connection was closed as soon as this party had shown its certificate."""


def coordinator_certificate(place: Place, host: str, port: int) -> bytes:
    """The certificate of whoever listens there, PEM, if it is the coordinator of the roster.

    Raises ``Refused`` where it is somebody else, ``TurnedAway`` where it turns this party away, or ends at that very
    moment, ``Unreachable`` where nobody listens.
    """
    try:
        with _connected(place, host, port) as line:
            return _seen(place, line)
    except ssl.SSLCertVerificationError as error:
        why = REASONS.get(error.verify_code, error.verify_message)
        raise Refused(f"Whoever listens at {host}:{port} is not the coordinator: {why}.") from None
    except (ssl.SSLEOFError, ConnectionResetError):
        raise TurnedAway(AWAY) from None
    except ssl.SSLError as error:
        raise Refused(f"Whoever listens at {host}:{port} does not speak TLS as it should: {error.reason}.") from None
    except OSError as error:
        raise Unreachable(f"Nobody answers at {host}:{port}: {error.strerror or 'no answer in time'}.") from None


def _connected(place: Place, host: str, port: int) -> ssl.SSLSocket:
    plain = socket.create_connection((host, port), PATIENCE_S)
    try:
        return _context(place).wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def _context(place: Place) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=place.credentials.authority.decode())
    context.load_cert_chain(place.folder / "tls.pem", place.folder / "tls.key")
    context.set_alpn_protocols(["h2"])
    return context


def _seen(place: Place, line: ssl.SSLSocket) -> bytes:
    certificate = line.getpeercert(binary_form=True) or b""
    if fingerprint(certificate) != place.members.coordinator.fingerprint:
        raise Refused("The certificate of whoever listens there is not the coordinator's of the roster.")
    # A server of HTTP/2 speaks first; one that turns us away in the handshake closes without a word.
    if not line.recv(1):
        raise TurnedAway(AWAY)
    return ssl.DER_cert_to_PEM_cert(certificate).encode()
