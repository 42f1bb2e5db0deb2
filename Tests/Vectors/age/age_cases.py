"""Age files and what must come of each: all that the specification (age-encryption.org/v1) allows or refuses of X25519, passphrases,
the payload and armor. Names are those of the public test set (C2SP/CCTV, age) where it has the case.

Usage: age_cases.py FOLDER: writes those that are small as files in the form of that set."""

import hashlib
import pathlib
import sys

from age_format import *

ME = hashlib.sha256(b"me").digest()
OTHER = hashlib.sha256(b"somebody else").digest()
FIRST, SECOND, THIRD = b"\0" * CHUNK, b"\1" * CHUNK, b"\2" * CHUNK
# A point of order 8.
LOW_ORDER = bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7")

CASES = {}


class Case:
    def __init__(self, expect, data, payload=b"", identities=(ME,), passphrase=None, armored=False):
        self.expect, self.data, self.payload, self.passphrase, self.armored = expect, data, payload, passphrase, armored
        self.identities = [] if passphrase else [identity(scalar) for scalar in identities]

    def vector(self):
        lines = ["expect: " + self.expect]
        if self.expect in ("success", "payload failure"):
            lines.append("payload: " + hashlib.sha256(self.payload).hexdigest())
        lines += ["identity: " + text for text in self.identities]
        if self.passphrase:
            lines.append("passphrase: " + self.passphrase)
        if self.armored:
            lines.append("armored: yes")
        return "\n".join(lines).encode() + b"\n\n" + self.data


def case(name, expect, data, payload=None, **more):
    assert name not in CASES, name
    CASES[name] = Case(expect, data.data if isinstance(data, AgeFile) else data, b"" if payload is None else payload, **more)


def begun(name):
    return AgeFile(name).version()


def flipped(data):
    return data[:-1] + bytes([data[-1] ^ 0xFF])


# X25519 recipients


def x25519(name, expect, **changes):
    good = expect == "success"
    case(name, expect, begun(name).x25519(ME, **changes).mac().payload(), b"age" if good else None)


x25519("x25519", "success")
x25519("x25519_lowercase", "no match", kind=b"x25519")
x25519("x25519_bad_tag", "no match", body=flipped)
x25519("x25519_extra_argument", "header failure", more=[b"1234"])
x25519("x25519_missing_share", "header failure", share_text=lambda _: b"")
x25519("x25519_not_canonical_share", "header failure", share_text=spoilt)
x25519("x25519_padded_share", "header failure", share_text=lambda text: text + b"=")
x25519("x25519_not_canonical_body", "header failure", lines=lambda text: spoilt(text) + b"\n")
x25519("x25519_short_share", "header failure", share_text=lambda _: b64(bytes(31)))
x25519("x25519_long_share", "header failure", share_text=lambda text: b64(bytes(33)))
x25519("x25519_short_body", "header failure", body=lambda body: body[:-1])
x25519("x25519_empty_body", "header failure", body=lambda body: b"")
x25519("x25519_low_order", "header failure", share=LOW_ORDER)
x25519("x25519_identity", "header failure", share=bytes(32))
case("x25519_long_file_key", "header failure", AgeFile("lfk", b"A LONGER YELLOW SUBMARINE").version().x25519(ME).mac().payload())
case("x25519_no_match", "no match", begun("nm").x25519(OTHER).mac().payload())
case("x25519_multiple_recipients", "success", begun("mr").x25519(OTHER).x25519(ME).mac().payload(), b"age")
case("x25519_two_identities", "success", begun("ti").x25519(ME).mac().payload(), b"age", identities=(OTHER, ME))
case("x25519_grease", "success", begun("gr").stanza([b"grease"]).x25519(ME).stanza([b"grease"], bytes(100)).mac().payload(), b"age")
case("x25519_second_malformed", "header failure", begun("sm").x25519(ME).x25519(OTHER, more=[b"1"]).mac().payload())
case("x25519_other_first", "no match", begun("of").stanza([b"ssh-ed25519", b"AAAA"], bytes(32)).mac().payload())

# Passphrases


def scrypt(name, expect, factor=10, passphrase="password", **changes):
    case(name, expect, begun(name).scrypt("password", factor, **changes).mac().payload(), b"age" if expect == "success" else None,
         passphrase=passphrase)


scrypt("scrypt", "success")
scrypt("scrypt_no_match", "no match", passphrase="wordpass")
scrypt("scrypt_bad_tag", "no match", body=flipped)
scrypt("scrypt_uppercase", "no match", kind=b"Scrypt")
scrypt("scrypt_extra_argument", "header failure", more=[b"10"])
scrypt("scrypt_salt_long", "header failure", salt=bytes(range(17)))
scrypt("scrypt_salt_short", "header failure", salt=bytes(range(15)))
scrypt("scrypt_salt_missing", "header failure", salt_text=lambda _: b"")
scrypt("scrypt_not_canonical_salt", "header failure", salt_text=spoilt)
scrypt("scrypt_not_canonical_body", "header failure", lines=lambda text: spoilt(text) + b"\n")
scrypt("scrypt_short_body", "header failure", body=lambda body: body[:-1])
scrypt("scrypt_work_factor_1", "success", factor=1)
scrypt("scrypt_work_factor_23", "header failure", factor_text=b"23")
scrypt("scrypt_work_factor_21", "header failure", factor_text=b"21")
scrypt("scrypt_work_factor_40", "header failure", factor_text=b"40")
scrypt("scrypt_work_factor_overflow", "header failure", factor_text=b"18446744073709551626")
scrypt("scrypt_work_factor_endless", "header failure", factor_text=b"1" * 5000)
scrypt("scrypt_work_factor_missing", "header failure", factor_text=None)
scrypt("scrypt_work_factor_zero", "header failure", factor_text=b"0")
scrypt("scrypt_work_factor_negative", "header failure", factor_text=b"-10")
scrypt("scrypt_work_factor_leading_plus", "header failure", factor_text=b"+10")
scrypt("scrypt_work_factor_leading_zero_decimal", "header failure", factor_text=b"010")
scrypt("scrypt_work_factor_leading_zero_octal", "header failure", factor_text=b"012")
scrypt("scrypt_work_factor_hex", "header failure", factor_text=b"0xA")
scrypt("scrypt_work_factor_leading_garbage", "header failure", factor_text=b"aa10")
scrypt("scrypt_work_factor_trailing_garbage", "header failure", factor_text=b"10aa")
scrypt("scrypt_work_factor_wrong", "no match", factor=11, factor_text=b"10")
case("scrypt_long_file_key", "header failure", AgeFile("slfk", b"A LONGER YELLOW SUBMARINE").version().scrypt("password").mac().payload(),
     passphrase="password")
case("scrypt_double", "header failure", begun("sd").scrypt("password").scrypt("hunter2").mac().payload(), passphrase="password")
case("scrypt_and_x25519", "header failure", begun("sx").x25519(ME).scrypt("password").mac().payload(), passphrase="password")
case("x25519_and_scrypt", "header failure", begun("xs").scrypt("password").x25519(ME).mac().payload())
case("scrypt_and_other", "header failure", begun("so").scrypt("password").stanza([b"grease"]).mac().payload(), passphrase="password")
case("scrypt_for_an_identity", "no match", begun("si").scrypt("password").mac().payload())
case("x25519_for_a_passphrase", "no match", begun("xp").x25519(ME).mac().payload(), passphrase="password")

# The header's grammar


def stanza(name, expect, arguments=(b"stanza",), body=b"", lines=None):
    case(name, expect, begun(name).x25519(ME).stanza(list(arguments), body, lines).mac().payload(), b"age" if expect == "success" else None)


def raw_stanza(name, text):
    """Text in the place of a stanza's first line and body."""
    file = begun(name).x25519(ME)
    file.data += text
    case(name, "header failure", file.mac().payload())


stanza("stanza_empty_body", "success")
stanza("stanza_full_line_and_empty_one", "success", body=bytes(48))
stanza("stanza_long_body", "success", body=bytes(200))
stanza("stanza_valid_characters", "success", arguments=[b"!\"#$%&'", b"()*+,-./", b"01234567", b"89:;<=>?", b"@ABCZ[\\]^_", b"`abcz{|}~"])
stanza("stanza_missing_body", "header failure", lines=b"")
stanza("stanza_missing_final_line", "header failure", lines=b"A" * 64 + b"\n")
stanza("stanza_multiple_short_lines", "header failure", lines=b"AAAA\nAAAA\n")
stanza("stanza_long_line", "header failure", lines=b"A" * 68 + b"\n\n")
stanza("stanza_empty_last_line_twice", "header failure", lines=b"A" * 64 + b"\n\n\n")
stanza("stanza_not_canonical", "header failure", lines=b"AB\n")
stanza("stanza_base64_padding", "header failure", lines=b"AA==\n")
stanza("stanza_base64_one_letter", "header failure", lines=b"A\n")
stanza("stanza_base64_url_letters", "header failure", lines=b"A-_A\n")
stanza("stanza_base64_high_plus", "header failure", lines=b"\xabAAA\n")
stanza("stanza_base64_high_slash", "header failure", lines=b"AAA\xaf\n")
stanza("stanza_invalid_character", "header failure", arguments=[b"stanza", b"\xc3\xa8"])
stanza("stanza_control_character", "header failure", arguments=[b"stanza", b"a\x7f"])
stanza("stanza_tab", "header failure", arguments=[b"stanza\targument"])
stanza("stanza_spurious_cr", "header failure", lines=b"AAAA\r\n")
stanza("stanza_empty_argument", "header failure", arguments=[b"stanza", b"", b"argument"])
stanza("stanza_trailing_space", "header failure", arguments=[b"stanza", b""])
raw_stanza("stanza_no_arguments", b"->\n\n")
raw_stanza("stanza_only_a_space", b"-> \n\n")
raw_stanza("stanza_bad_start", b"-- stanza\n\n")
raw_stanza("stanza_no_space", b"->stanza\n\n")
raw_stanza("stanza_empty_line_between", b"\n-> stanza\n\n")
case("header_crlf", "header failure", AgeFile("crlf").version(b"age-encryption.org/v1\r\n").x25519(ME).mac().payload())
case("header_no_stanzas", "header failure", begun("ns").mac().payload())
case("header_of_300_kb", "header failure", begun("h3").x25519(ME).stanza([b"stanza"], bytes(225000)).mac().payload())
case("header_of_200_kb", "success", begun("h2").x25519(ME).stanza([b"stanza"], bytes(150000)).mac().payload(), b"age")
case("version_unsupported", "header failure", AgeFile("vu").version(b"age-encryption.org/v1234\n").x25519(ME).mac().payload())
case("version_empty", "header failure", AgeFile("ve").version(b"age-encryption.org/\n").x25519(ME).mac().payload())
case("version_space", "header failure", AgeFile("vs").version(b"age-encryption.org/v1 \n").x25519(ME).mac().payload())
case("version_uppercase", "header failure", AgeFile("vc").version(b"age-encryption.org/V1\n").x25519(ME).mac().payload())
case("empty", "header failure", b"")
case("one_byte", "header failure", b"a")
case("something_else", "header failure", b"%PDF-1.7\n" + bytes(1000))
case("no_line_end", "header failure", b"age-encryption.org/" + b"v" * 300000)


def mac(name, expect="header failure", **changes):
    case(name, expect, begun(name).x25519(ME).mac(**changes).payload())


mac("hmac_bad", "HMAC failure", spoil=flipped)
mac("hmac_of_zeros", "HMAC failure", spoil=lambda _: bytes(32))
mac("hmac_missing", line=lambda _: b"---\n")
mac("hmac_empty", line=lambda _: b"--- \n")
mac("hmac_extra_space", line=lambda text: b"---  " + text + b"\n")
mac("hmac_trailing_space", line=lambda text: b"--- " + text + b" \n")
mac("hmac_no_space", line=lambda text: b"---" + text + b"\n")
mac("hmac_not_canonical", line=lambda text: b"--- " + spoilt(text) + b"\n")
mac("hmac_padded", line=lambda text: b"--- " + text + b"=\n")
mac("hmac_garbage", line=lambda text: b"--- " + text[:-1] + b"!\n")
mac("hmac_truncated", spoil=lambda mac: mac[:-1])
mac("hmac_long", spoil=lambda mac: mac + b"\0")
mac("hmac_crlf", line=lambda text: b"--- " + text + b"\r\n")
case("header_changed", "HMAC failure", begun("hc").stanza([b"stanza"]).x25519(ME).mac().payload().data.replace(b"-> stanza", b"-> stunza"))

# The payload


def stream(name, expect, chunks, payload=b"", tail=b"", change=bytes):
    """`chunks`: (plaintext, position, whether it is the last). `change`: what happens to the payload behind the nonce."""
    file = AgeFile(name, hashlib.sha256(b"stream").digest()[:16]).version().x25519(ME).mac().nonce()
    payload_start = len(file.data)
    for plaintext, position, last in chunks:
        file.chunk(plaintext, position, last)
    data = file.data[:payload_start] + change(file.data[payload_start:]) + tail
    case(name, expect, data, payload)


SEALED = CHUNK + 16
stream("stream_empty_payload", "success", [(b"", 0, True)])
stream("stream_one_chunk_full", "success", [(FIRST, 0, True)], FIRST)
stream("stream_two_chunks", "success", [(FIRST, 0, False), (b"age", 1, True)], FIRST + b"age")
stream("stream_last_chunk_full", "success", [(FIRST, 0, False), (SECOND, 1, True)], FIRST + SECOND)
stream("stream_three_chunks", "success", [(FIRST, 0, False), (SECOND, 1, False), (b"age", 2, True)], FIRST + SECOND + b"age")
stream("stream_last_chunk_empty", "payload failure", [(FIRST, 0, False), (b"", 1, True)], FIRST)
stream("stream_no_chunks", "payload failure", [])
stream("stream_no_final", "payload failure", [(b"age", 0, False)])
stream("stream_no_final_full", "payload failure", [(FIRST, 0, False)], FIRST)
stream("stream_no_final_two_chunks", "payload failure", [(FIRST, 0, False), (b"age", 1, False)], FIRST)
stream("stream_no_final_two_chunks_full", "payload failure", [(FIRST, 0, False), (SECOND, 1, False)], FIRST + SECOND)
stream("stream_two_final_chunks", "payload failure", [(FIRST, 0, True), (b"age", 1, True)], FIRST)
stream("stream_two_final_chunks_full", "payload failure", [(FIRST, 0, True), (SECOND, 1, True)], FIRST)
stream("stream_trailing_garbage_long", "payload failure", [(FIRST, 0, True)], FIRST, tail=b"x" * 20)
stream("stream_trailing_garbage_short", "payload failure", [(FIRST, 0, True)], FIRST, tail=b"x")
stream("stream_trailing_garbage_behind_short", "payload failure", [(b"age", 0, True)], tail=b"x")
stream("stream_bad_tag", "payload failure", [(b"age", 0, True)], change=flipped)
stream("stream_bad_tag_second_chunk", "payload failure", [(FIRST, 0, False), (b"age", 1, True)], FIRST, change=flipped)
stream("stream_bad_tag_second_chunk_full", "payload failure", [(FIRST, 0, False), (SECOND, 1, True)], FIRST, change=flipped)
stream("stream_bad_first_byte", "payload failure", [(FIRST, 0, False), (b"age", 1, True)], change=lambda data: b"x" + data[1:])
stream("stream_missing_tag", "payload failure", [(b"age", 0, True)], change=lambda data: data[:-16])
stream("stream_short_chunk", "payload failure", [(FIRST, 0, False), (b"age", 1, False), (SECOND, 2, True)], FIRST)
stream("stream_swapped", "payload failure", [(SECOND, 1, False), (FIRST, 0, False), (b"age", 2, True)])
stream("stream_swapped_last", "payload failure", [(FIRST, 0, False), (THIRD, 2, True), (SECOND, 1, False)], FIRST)
stream("stream_dropped", "payload failure", [(FIRST, 0, False), (b"age", 2, True)], FIRST)
stream("stream_first_dropped", "payload failure", [(SECOND, 1, False), (b"age", 2, True)])
stream("stream_doubled", "payload failure", [(FIRST, 0, False), (FIRST, 0, False), (b"age", 1, True)], FIRST)
stream("stream_cut_between_chunks", "payload failure", [(FIRST, 0, False), (SECOND, 1, False), (b"age", 2, True)], FIRST + SECOND,
       change=lambda data: data[:2 * SEALED])
stream("stream_cut_in_a_chunk", "payload failure", [(FIRST, 0, False), (SECOND, 1, True)], FIRST, change=lambda data: data[:-1])
stream("stream_cut_in_a_tag", "payload failure", [(FIRST, 0, False), (b"age", 1, True)], FIRST, change=lambda data: data[:SEALED + 15])
case("stream_nonce_missing", "payload failure", begun("nn").x25519(ME).mac())
case("stream_nonce_short", "payload failure", begun("nsh").x25519(ME).mac().data + bytes(15))

# Armor

SMALL = begun("armor").x25519(ME).mac().payload().data
# Of whole lines.
FULL = begun("full").x25519(ME).mac().payload(b"x" * ((-len(SMALL) + 3) % 48)).data
TWO = begun("two").x25519(ME).mac().payload(b"x" * ((-len(SMALL) + 3 + 1) % 48)).data
assert len(FULL) % 48 == 0 and len(TWO) % 48 == 1


def armored(name, expect="armor failure", lines=None, payload=b"age"):
    data = b"".join(lines if lines is not None else armor(SMALL))
    case(name, expect, data, payload if expect == "success" else b"", armored=True)


HEAD, *BODY, TAIL = armor(SMALL)
assert BODY[-1].endswith(b"=\n")
armored("armor", "success")
armored("armor_crlf", "success", armor(SMALL, b"\r\n"))
armored("armor_mixed_line_ends", "success", [HEAD, *BODY, END + b"\r\n"])
armored("armor_no_eol", "success", [HEAD, *BODY, END])
armored("armor_full_last_line", "success", armor(FULL), b"x" * ((-len(SMALL) + 3) % 48))
armored("armor_two_padding", "success", armor(TWO), b"x" * ((-len(SMALL) + 3 + 1) % 48))
armored("armor_whitespace_outside", "success", [b"\n   \t\n", HEAD, *BODY, TAIL, b"\n   \t\n"])
armored("armor_much_whitespace", lines=[b" \n" * 2000, HEAD, *BODY, TAIL])
armored("armor_much_whitespace_behind", lines=[HEAD, *BODY, TAIL, b" \n" * 2000])
armored("armor_empty", "header failure", [HEAD, TAIL])
armored("armor_empty_line_begin", lines=[HEAD, b"\n", *BODY, TAIL])
armored("armor_empty_line_end", lines=[HEAD, *BODY, b"\n", TAIL])
armored("armor_empty_last_line", lines=[*armor(FULL)[:-1], b"\n", TAIL])
armored("armor_empty_line_between", lines=[HEAD, BODY[0], b"\n", *BODY[1:], TAIL])
armored("armor_eol_between_padding", lines=[*armor(TWO)[:-2], armor(TWO)[-2][:-2] + b"\n=\n", TAIL])
armored("armor_garbage_leading", lines=[b"garbage\n", HEAD, *BODY, TAIL])
armored("armor_garbage_trailing", lines=[HEAD, *BODY, TAIL, b"garbage\n"])
armored("armor_second_armor", lines=armor(SMALL) * 2)
armored("armor_headers", lines=[HEAD, b"Headers: are not allowed\n", b"\n", *BODY, TAIL])
armored("armor_invalid_character_header", lines=[HEAD, b"*" + BODY[0][1:], *BODY[1:], TAIL])
armored("armor_invalid_character_payload", lines=[HEAD, *BODY[:-1], BODY[-1].replace(BODY[-1][4:5], b"*", 1), TAIL])
armored("armor_long_line", lines=[HEAD, BODY[0][:-1] + BODY[1][:4] + b"\n", BODY[1][4:], *BODY[2:], TAIL])
armored("armor_one_long_line", lines=[HEAD, b"".join(line[:-1] for line in BODY) + b"\n", TAIL])
armored("armor_short_line", lines=[HEAD, BODY[0][:-5] + b"\n", BODY[0][-5:-1] + BODY[1][:60] + b"\n", BODY[1][60:-1] + BODY[2], *BODY[3:],
                                   TAIL])
armored("armor_lowercase", lines=[b"-----BEGIN age encrypted file-----\n", *BODY, b"-----END age encrypted file-----\n"])
armored("armor_wrong_type", lines=[b"-----BEGIN ENCRYPTED AGE FILE-----\n", *BODY, b"-----END ENCRYPTED AGE FILE-----\n"])
armored("armor_wrong_end", lines=[HEAD, *BODY, b"-----END ENCRYPTED AGE FILE-----\n"])
armored("armor_no_end_line", lines=[HEAD, *BODY])
armored("armor_cut_in_a_line", lines=[HEAD, *BODY[:-1], BODY[-1][:-3]])
armored("armor_no_match", lines=[HEAD, *BODY, b"-----END NOTHING-----\n"])
armored("armor_no_padding", lines=[HEAD, *BODY[:-1], BODY[-1].replace(b"=", b""), TAIL])
armored("armor_too_much_padding", lines=[HEAD, *BODY[:-1], BODY[-1].replace(b"=", b"=="), TAIL])
armored("armor_not_canonical", lines=[*armor(TWO)[:-2], spoilt(armor(TWO)[-2][:-3]) + b"==\n", TAIL])
armored("armor_padding_in_the_middle", lines=[HEAD, b"YQ==" + BODY[0][4:], *BODY[1:], TAIL])
armored("armor_pgp_checksum", lines=[HEAD, *BODY, b"=aaaa\n", TAIL])
armored("armor_whitespace_begin", lines=[b"----- BEGIN AGE ENCRYPTED FILE -----\n", *BODY, TAIL])
armored("armor_whitespace_end", lines=[HEAD, *BODY, b"----- END AGE ENCRYPTED FILE -----\n"])
armored("armor_whitespace_eol", lines=[HEAD, *BODY[:-2], BODY[-2][:-1] + b" \n", BODY[-1], TAIL])
armored("armor_whitespace_last_line", lines=[HEAD, *BODY[:-1], BODY[-1][:-1] + b" \n", TAIL])
armored("armor_whitespace_line_start", lines=[HEAD, b" " + BODY[0], *BODY[1:], TAIL])
armored("armor_high_plus", lines=[HEAD, b"\xab" + BODY[0][1:], *BODY[1:], TAIL])
armored("armor_bare_cr", lines=[HEAD, BODY[0][:-1] + b"\r", *BODY[1:], TAIL])
case("armor_garbage_encoded", "payload failure", b"".join(armor(CASES["stream_trailing_garbage_long"].data)), FIRST, armored=True)
case("armor_header_crlf", "header failure", b"".join(armor(CASES["header_crlf"].data)), armored=True)
case("armor_two_chunks", "success", b"".join(armor(CASES["stream_two_chunks"].data)), FIRST + b"age", armored=True)
case("armor_scrypt", "success", b"".join(armor(CASES["scrypt"].data)), b"age", passphrase="password", armored=True)


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, one in CASES.items():
        if len(one.data) <= 8_192:
            (folder / name).write_bytes(one.vector())


if __name__ == "__main__":
    main()
