"""Writes age v1 files (age-encryption.org/v1), right ones and ones with any part put wrong, from the specification alone.

Primitives come from libsodium and hashlib; the format is written here a second time, so that it can tell where Coffer's is wrong."""

import base64
import ctypes
import ctypes.util
import hashlib
import hmac

CHUNK = 65536
VERSION = b"age-encryption.org/v1\n"
BEGIN, END = b"-----BEGIN AGE ENCRYPTED FILE-----", b"-----END AGE ENCRYPTED FILE-----"

_sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
if _sodium.sodium_init() < 0:
    raise RuntimeError("libsodium cannot start")


def multiplied(scalar, point):
    """X25519; all zeros for points of low order, which libsodium refuses."""
    out = ctypes.create_string_buffer(32)
    return out.raw if _sodium.crypto_scalarmult(out, scalar, point) == 0 else bytes(32)


def public(scalar):
    out = ctypes.create_string_buffer(32)
    assert _sodium.crypto_scalarmult_base(out, scalar) == 0
    return out.raw


def sealed(key, nonce, plaintext):
    """ChaCha20-Poly1305 as RFC 8439 has it."""
    out = ctypes.create_string_buffer(len(plaintext) + 16)
    assert _sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
        out, None, plaintext, ctypes.c_ulonglong(len(plaintext)), None, ctypes.c_ulonglong(0), None, nonce, key) == 0
    return out.raw


def derived(secret, salt, info):
    """HKDF-SHA-256, 32 bytes."""
    extracted = hmac.digest(salt or bytes(32), secret, "sha256")
    return hmac.digest(extracted, info + b"\1", "sha256")


def b64(data):
    return base64.b64encode(data).rstrip(b"=")


def spoilt(text):
    """The same bytes in a base 64 that is not the canonical one: a spare bit is set."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    assert len(text) % 4 != 0
    return text[:-1] + alphabet[alphabet.index(text[-1:]) + 1:][:1]


LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def _polymod(values):
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> bit & 1:
                check ^= generator
    return check


def bech32(word, data):
    """In lower case."""
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    return bech32_of_groups(word, [int(bits[at:at + 5], 2) for at in range(0, len(bits), 5)])


def bech32_of_groups(word, groups):
    expanded = [ord(letter) >> 5 for letter in word] + [0] + [ord(letter) & 31 for letter in word]
    check = _polymod(expanded + groups + [0] * 6) ^ 1
    return word + "1" + "".join(LETTERS[value] for value in groups + [check >> 5 * (5 - at) & 31 for at in range(6)])


def identity(scalar):
    return bech32("age-secret-key-", scalar).upper()


def recipient(scalar):
    return bech32("age", public(scalar))


class AgeFile:
    """An age file in the making. Randomness comes from `seed`, so that a file is the same each time."""

    def __init__(self, seed, file_key=None):
        self._seed, self._drawn = seed.encode(), 0
        self.file_key = file_key or self.random(16)
        self.data = b""

    def random(self, count):
        out = b""
        while len(out) < count:
            out += hashlib.sha256(self._seed + b"/%d" % self._drawn).digest()
            self._drawn += 1
        return out[:count]

    # The header

    def version(self, line=VERSION):
        self.data += line
        return self

    def stanza(self, arguments, body=b"", lines=None):
        """`lines`: the body as it stands in the file, in place of a right one."""
        if lines is None:
            text = b64(body)
            lines = b"".join(text[at:at + 64] + b"\n" for at in range(0, len(text) + 1, 64))
        self.data += b"-> " + b" ".join(arguments) + b"\n" + lines
        return self

    def x25519(self, scalar, share=None, **changes):
        """A stanza for the recipient of `scalar`. Changes: kind, share_text, more (arguments), body (bytes to bytes), lines."""
        share = share or public(self.random(32))
        key = derived(multiplied(scalar, share), share + public(scalar), b"age-encryption.org/v1/X25519")
        body = changes.get("body", bytes)(sealed(key, bytes(12), self.file_key))
        text = changes.get("share_text", bytes)(b64(share))
        lines = changes.get("lines")
        return self.stanza([changes.get("kind", b"X25519"), *([text] if text else []), *changes.get("more", [])], body,
                           lines and lines(b64(body)))

    def scrypt(self, passphrase, factor=10, **changes):
        """Changes: kind, salt (bytes), salt_text, factor_text (None: left out), more, body, lines."""
        salt = changes.get("salt", self.random(16))
        key = hashlib.scrypt(passphrase.encode(), salt=b"age-encryption.org/v1/scrypt" + salt, n=1 << factor, r=8, p=1,
                             maxmem=1 << 30, dklen=32)
        body = changes.get("body", bytes)(sealed(key, bytes(12), self.file_key))
        salt_text = changes.get("salt_text", bytes)(b64(salt))
        factor_text = changes.get("factor_text", b"%d" % factor)
        lines = changes.get("lines")
        arguments = [changes.get("kind", b"scrypt"), *([salt_text] if salt_text else []), *([factor_text] if factor_text else [])]
        return self.stanza(arguments + changes.get("more", []), body, lines and lines(b64(body)))

    def mac(self, line=lambda text: b"--- " + text + b"\n", spoil=bytes):
        """`line`: how the MAC's base 64 stands in the file. `spoil`: what happens to its bytes."""
        key = derived(self.file_key, b"", b"header")
        self.data += line(b64(spoil(hmac.digest(key, self.data + b"---", "sha256"))))
        return self

    # The payload

    def nonce(self):
        self._nonce = self.random(16)
        self.data += self._nonce
        self._key = derived(self.file_key, self._nonce, b"payload")
        return self

    def chunk(self, plaintext, position, last=False):
        self.data += self.sealed_chunk(plaintext, position, last)
        return self

    def sealed_chunk(self, plaintext, position, last=False):
        return sealed(self._key, position.to_bytes(11, "big") + (b"\1" if last else b"\0"), plaintext)

    def payload(self, plaintext=b"age"):
        self.nonce()
        parts = [plaintext[at:at + CHUNK] for at in range(0, len(plaintext), CHUNK)] or [b""]
        for position, part in enumerate(parts):
            self.chunk(part, position, position == len(parts) - 1)
        return self


def armor(data, eol=b"\n"):
    """As lines, the marks among them, each with its line end."""
    text = base64.b64encode(data)
    return [line + eol for line in [BEGIN, *(text[at:at + 64] for at in range(0, len(text), 64)), END]]
