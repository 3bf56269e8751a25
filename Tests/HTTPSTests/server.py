#!/usr/bin/python3
"""An HTTPS server that misbehaves by the path it is asked for. Prints its port, then serves until its
standard input ends. Arguments: certificate, key, and "old" for TLS 1.1 at most."""
import socket
import ssl
import sys
import threading


def request(stream):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = stream.recv(1)
        if not byte:
            return None
        head += byte
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    body = b""
    while len(body) < length:
        piece = stream.recv(length - len(body))
        if not piece:
            return None
        body += piece
    return head, body


def answer(stream, status, body, headers=b""):
    stream.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body), headers) + body)


def serve(stream, number, gone):
    try:
        while True:
            found = request(stream)
            if found is None:
                return
            head, body = found
            path = head.split(b" ")[1]
            if path == b"/echo":
                answer(stream, b"200 OK", head + body, b"X-Connection: %d\r\nETag: W/\"1\"\r\n" % number)
            elif path == b"/redirect":
                answer(stream, b"302 Found", b"", b"Location: /echo\r\n")
            elif path == b"/silent":
                gone.wait()
                return
            elif path == b"/drip":
                for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 1000:
                    stream.sendall(bytes([byte]))
                    if gone.wait(0.02):
                        return
            elif path == b"/endless":
                stream.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _ in range(1 << 14):
                    stream.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                return
            elif path == b"/claims":
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n" + b"x" * 65536)
                gone.wait()
                return
            elif path == b"/headers":
                stream.sendall(b"HTTP/1.1 200 OK\r\n")
                for _ in range(100000):
                    stream.sendall(b"X-Many: " + b"y" * 500 + b"\r\n")
                return
            elif path == b"/cut":
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":")
                return
            elif path == b"/hangup":
                return
            elif path == b"/garbage":
                stream.sendall(b"\x00\x01\x02 nothing of this is HTTP\r\n\r\n")
                return
            else:
                answer(stream, b"404 Not Found", b"{}")
    except (OSError, ssl.SSLError):
        return
    finally:
        stream.close()


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if sys.argv[3:] == ["old"]:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(listener.getsockname()[1], flush=True)
    gone = threading.Event()

    def accept():
        number = 0
        while True:
            plain, _ = listener.accept()
            number += 1

            def begin(plain=plain, number=number):
                try:
                    stream = context.wrap_socket(plain, server_side=True)
                except (OSError, ssl.SSLError):
                    plain.close()
                    return
                serve(stream, number, gone)

            threading.Thread(target=begin, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()
    gone.set()


main()
