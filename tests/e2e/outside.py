"""Run in a network namespace of its own: all that lies beyond the intranet, as one machine.

It answers every TCP connection to port 80, and on the ports of its arguments HTTP requests for a
tide table; the first argument is the time of high water. It prints a line "<source> <port> <name>"
for each TCP and UDP packet over IPv4 that reaches it, with the name that a name server is asked for
or "-". The first line, "ready", says that it listens.
"""

import json
import socket
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_IPV4 = 0x0800
_TCP, _UDP = 6, 17


def answer(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\noutside\n")


class TideTable(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        harbours = parse_qs(urlsplit(self.path).query).get("harbour", [])
        body = json.dumps({"harbour": harbours, "high_water": sys.argv[1]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: what is printed here are packets."""


def asked(datagram: bytes) -> str:
    """The name in a DNS question (RFC 1035, 4.1); headers of UDP and DNS come before it."""
    labels, rest = [], datagram[8 + 12 :]
    while rest and rest[0]:
        labels.append(rest[1 : 1 + rest[0]].decode(errors="replace"))
        rest = rest[1 + rest[0] :]
    return ".".join(labels) or "-"


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    # What is meant for others is lost without an answer, as behind a firewall.
    Path("/proc/sys/net/ipv4/ip_forward").write_text("0")
    listener = socket.create_server(("0.0.0.0", 80))
    threading.Thread(target=answer, args=[listener], daemon=True).start()
    for port in map(int, sys.argv[2:]):
        service = ThreadingHTTPServer(("0.0.0.0", port), TideTable)
        threading.Thread(target=service.serve_forever, daemon=True).start()
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_IPV4)) as packets:
        print("ready", flush=True)
        while True:
            packet, address = packets.recvfrom(65536)
            header = (packet[0] & 15) * 4
            if address[2] == socket.PACKET_HOST and packet[9] in (_TCP, _UDP):
                (port,) = struct.unpack_from("!H", packet, header + 2)
                name = asked(packet[header:]) if port == 53 and packet[9] == _UDP else "-"
                print(socket.inet_ntoa(packet[12:16]), port, name, flush=True)


main()
