"""Stratified uniform draws that belong to a named figure and to nothing else.

A draw of ignorance gives every uncertain figure a value. Each figure has its own scrambled and shuffled
Sobol sequence, so its margin is spread evenly over any power of two of draws, and no figure's draws depend
on which other figures exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Identity = tuple[str, ...]
"""What a sequence is keyed by: ``(table, row, field)`` of a figure, or ``("factor", name)``."""

_WORDS_PER_HASH = 3


def stratified_uniforms(identities: Sequence[Identity], draws: int, seed: int) -> NDArray[np.float64]:
    """Draw what is not known: one uniform number for each figure and each draw of ignorance.

    The sequence of a figure is the first Sobol dimension (van der Corput in base 2) with its index shuffled
    and its value scrambled by nested uniform permutations, both keyed by the seed and the figure's identity.
    Two figures are then as good as independent, while each alone has exactly one of the first 2^k draws in
    each of 2^k equal strata, for every k.

    Parameters
    ----------
    identities
        Identity of each sequence. Equal identities give equal draws: this is how figures share a factor.
    draws
        Number of draws; more draws extend the sequence and change none of its first ones.
    seed
        Seed of the run.

    Returns
    -------
    numpy.ndarray
        ``[identity, draw]``, strictly between 0 and 1.

    References
    ----------
    Burley (2020), Practical hash-based Owen scrambling, Journal of Computer Graphics Techniques 9(4),
    sections 3 and 4: scrambling and shuffling by a hash on reversed bits, and padding with independent
    sequences. Owen (1995), Randomly permuted (t,m,s)-nets and (t,s)-sequences: nested uniform scrambling.
    Laine and Karras (2011), Stratified sampling for stochastic transparency: the kind of hash.

    Examples
    --------
    >>> first = stratified_uniforms([("fleets", "f1", "units"), ("factor", "hopper")], draws=4, seed=1)
    >>> sorted((first[0] * 4).astype(int).tolist())
    [0, 1, 2, 3]
    >>> alone = stratified_uniforms([("factor", "hopper")], draws=8, seed=1)
    >>> bool((alone[0, :4] == first[1]).all())
    True
    """
    keys = np.stack([_key_words(identity, seed) for identity in identities], axis=1)[:, :, None]
    index = np.broadcast_to(np.arange(draws, dtype=np.uint32), (len(identities), draws))
    shuffled = _reverse_bits(_nested_hash(_reverse_bits(index), keys[:_WORDS_PER_HASH]))
    # The van der Corput number is the index with its bits reversed, and scrambling reverses them again.
    scrambled = _reverse_bits(_nested_hash(shuffled, keys[_WORDS_PER_HASH:]))
    return (scrambled.astype(np.float64) + 0.5) / 2.0**32


def _key_words(identity: Identity, seed: int) -> NDArray[np.uint32]:
    """Hash a seed and an identity to the key words of one shuffle and one scramble."""
    text = "\x1f".join((str(seed), *identity))
    digest = blake2b(text.encode(), digest_size=4 * 2 * _WORDS_PER_HASH).digest()
    return np.frombuffer(digest, dtype="<u4").astype(np.uint32)


def _nested_hash(bits: NDArray[np.uint32], keys: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Permute numbers so that each bit depends on itself and the lower bits alone.

    Adding a key, multiplying by an odd number, and flipping by an even multiple of itself all have this
    property, which makes the hash a nested permutation of the reversed number. Three key words are mixed
    in, because one alone leaves some pairs of figures strongly correlated at a few hundred draws.
    """
    bits = bits + keys[0]
    bits = bits ^ (bits * np.uint32(0x3D20ADEA))
    bits = bits * (keys[1] | np.uint32(1))
    bits = bits ^ (bits * np.uint32(0x05526C56))
    bits = bits + keys[2]
    return bits ^ (bits * np.uint32(0x53A22864))


def _reverse_bits(bits: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Read 32-bit numbers backwards."""
    for mask, shift in ((0x55555555, 1), (0x33333333, 2), (0x0F0F0F0F, 4)):
        bits = ((bits >> np.uint32(shift)) & np.uint32(mask)) | ((bits & np.uint32(mask)) << np.uint32(shift))
    return bits.byteswap()
