"""Run in the image as uid 1000: is the operator's certificate one that a page can be served with?

Usage: certificate.py CERTIFICATE KEY, two PEM files. Prints a line "ok", and below it the names in
the certificate and the day until which it holds; or what hinders it: "file" and the setting of
the one that cannot be read; or certificate, locked, key, pair, dates, other and what OpenSSL says.

A handshake with itself, in memory, shows that the pair serves. Who signed the certificate is for
the browsers to judge: here it is trusted itself, so that only its own dates and purpose count.
"""

import ssl
import sys
import time


class Locked(Exception):
    """The key asks for a password."""


def ask() -> str:
    raise Locked


def pair(certificate: str, key: str) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """The two ends of a connection, of which one has the certificate and the other trusts it."""
    here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    here.load_cert_chain(certificate, key, ask)
    there = ssl.create_default_context(cafile=certificate)
    there.check_hostname = False
    there.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    return here.wrap_bio(up, down, server_side=True), there.wrap_bio(down, up)


def shake_hands(server: ssl.SSLObject, client: ssl.SSLObject) -> None:
    done = False
    while not done:
        done = True
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                done = False


def holds(client: ssl.SSLObject) -> list[str]:
    """The names in the certificate, and the last day on which it holds."""
    found = client.getpeercert() or {}
    names = [str(entry[-1]) for entry in found.get("subjectAltName", ())]
    until = time.gmtime(ssl.cert_time_to_seconds(str(found["notAfter"])))
    return [" ".join(names) or "-", time.strftime("%Y-%m-%d", until)]


def look_at(certificate: str, key: str) -> list[str]:
    for which, path in (("TLS_CERT", certificate), ("TLS_KEY", key)):
        try:
            with open(path, "rb"):
                pass
        except OSError:
            return ["file", which]
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(certificate)
    except (ssl.SSLError, OSError) as error:
        return ["certificate", str(error)]
    try:
        server, client = pair(certificate, key)
    except Locked:
        return ["locked", ""]
    except ssl.SSLError as error:
        return ["pair" if error.reason == "KEY_VALUES_MISMATCH" else "key", str(error)]
    try:
        shake_hands(server, client)
    except ssl.SSLCertVerificationError as error:
        # X509_V_ERR_CERT_NOT_YET_VALID and _HAS_EXPIRED of OpenSSL's x509_vfy.h
        return ["dates" if error.verify_code in (9, 10) else "other", error.verify_message]
    except ssl.SSLError as error:
        return ["other", str(error)]
    return ["ok", *holds(client)]


print(*look_at(*sys.argv[1:]), sep="\n")
