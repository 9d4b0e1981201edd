"""An SMTP server of the checks: aiosmtpd with STARTTLS and a password, both required. Mails are files in a folder.

    smtp.py PORT CERTIFICATE KEY FOLDER USER PASSWORD
"""
import itertools
import pathlib
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Keep:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.number = itertools.count()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nowhere@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        part = self.folder / f"{next(self.number):04}.part"
        part.write_bytes(envelope.content)
        part.rename(part.with_suffix(".eml"))
        return "250 kept"


def main(port, certificate, key, folder, user, password):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def known(server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=right)

    Controller(
        Keep(folder), hostname="127.0.0.1", port=int(port), tls_context=context, require_starttls=True, authenticator=known, auth_required=True
    ).start()
    print("listening", flush=True)
    threading.Event().wait()


main(*sys.argv[1:])
