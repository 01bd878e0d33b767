"""Masks of a sum that two parties know without sending them: both derive the same from their keys.

    s_kj = s_jk   X25519 of the private key of k and the public key of j, which the roster tells
    m_kj          first 64 bits of HKDF-SHA256(s_kj; market, run, names of both)
    report of k = v_k + sum of m_kj over neighbours j after k - sum over those before k        (modulo 2^64)

in the order of the roster, so that every mask is in the sum of all reports once with either sign: Bonawitz et al.,
Practical Secure Aggregation for Privacy-Preserving Machine Learning, CCS 2017, section 3. Keys may be those of an
earlier market, whose masks were others. Who carries the messages has no part in it. What it resists, and what not, is
told in ``secure_sum``, whose ring of neighbours this has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gridpact.coordination.message import Message, Quantity
from gridpact.coordination.party import Disclosure
from gridpact.coordination.secure_sum import MASKED, MODULUS, REACH, WORD_UNIT, fixed, halves
from gridpact.errors import InputError


class SealingKey:
    """A party's private key, made from 32 bytes that it alone knows; ``public`` is 64 hexadecimal digits."""

    def __init__(self, secret: bytes) -> None:
        self._private = X25519PrivateKey.from_private_bytes(secret)

    @cached_property
    def public(self) -> str:
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def mask(self, other: str, about: str) -> int:
        """64 bits that the owner of the public key ``other`` derives as well."""
        shared = self._private.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(other)))
        return int.from_bytes(HKDF(SHA256(), 8, None, about.encode()).derive(shared), "little")


class DerivedMasks:
    """One party's side of a sum; ``keys`` are the public sealing keys of all in ``roster``, by name.

    ``market`` names the one that it belongs to: no two in which the same keys are used may have one name.
    """

    disclosures = (Disclosure(MASKED, MASKED, WORD_UNIT, 2),)

    def __init__(
        self,
        name: str,
        roster: Sequence[str],
        key: SealingKey,
        keys: Mapping[str, str],
        reach: int = REACH,
        market: str = "",
    ) -> None:
        if name not in roster or len(set(roster)) < len(roster) or not set(roster) <= set(keys):
            raise InputError(f"{name!r} needs a roster of different names with its own, and a sealing key of each.")
        self.parties, self._name, self._place, self._key = len(roster), name, list(roster).index(name), key
        self._market = market
        steps = [step for step in range(1, len(roster)) if min(step, len(roster) - step) <= reach]
        places = sorted((self._place + step) % len(roster) for step in steps)
        self._neighbours = [(place > self._place, roster[place], keys[roster[place]]) for place in places]
        self._reports: dict[str, int] = {}

    def report(self, request: Message, value: float) -> Message:
        """The number under its masks: the same for a run, once given. Raises ``InputError`` where it is too large."""
        if request.run not in self._reports:
            masks = sum(self._mask(request.run, *one) for one in self._neighbours)
            self._reports[request.run] = (fixed(value, self.parties) + masks) % MODULUS
        return request.reply(MASKED, Quantity(MASKED, WORD_UNIT, halves(self._reports[request.run])))

    def _mask(self, run: str, after: bool, name: str, key: str) -> int:
        pair = (self._name, name) if after else (name, self._name)
        mask = self._key.mask(key, "\0".join((self._market, run, *pair)))
        return mask if after else -mask
