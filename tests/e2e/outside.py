"""Run in a network namespace of its own: all that lies beyond the intranet, as one machine.

It answers every TCP connection to port 80, and prints a line "<source> <port>" for each TCP and
UDP packet over IPv4 that reaches it. The first line, "ready", says that it listens.
"""

import socket
import struct
import subprocess
import threading

_IPV4 = 0x0800
_TCP, _UDP = 6, 17


def answer(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\noutside\n")


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    listener = socket.create_server(("0.0.0.0", 80))
    threading.Thread(target=answer, args=[listener], daemon=True).start()
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_IPV4)) as packets:
        print("ready", flush=True)
        while True:
            packet, address = packets.recvfrom(65536)
            header = (packet[0] & 15) * 4
            if address[2] == socket.PACKET_HOST and packet[9] in (_TCP, _UDP):
                (port,) = struct.unpack_from("!H", packet, header + 2)
                print(socket.inet_ntoa(packet[12:16]), port, flush=True)


main()
