#!/usr/bin/env python3
# A BGP speaker that behaves as badly as a file tells it to, and writes down what it saw.
"""awkward.py LOCAL PEER ASN MOOD STATE

It listens on LOCAL:179. MOOD is a file with one word, looked at every few milliseconds:

  well      a plain route server: OPEN, KEEPALIVE every second, reads everything
  deaf      the same, but it reads nothing: its receive window closes and stays closed
  refuse    answers every OPEN with NOTIFICATION Cease, Connection Rejected
  shout     sends a NOTIFICATION into every new connection, before any OPEN
  drop      lets every session become Established and ends it with a NOTIFICATION
  reset     the same with an RST
  odd       a plain route server that also sends two UPDATEs against the rules of RFC 7606: one
            with a LOCAL_PREF, and one with an ORIGIN that does not exist
  besiege   connects as fast as it can and sends a NOTIFICATION into every connection

STATE is a file of JSON with counts and times, written anew when something changed.
"""
import json
import os
import select
import socket
import struct
import sys
import time

LOCAL, PEER, ASN, MOOD, STATE = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]
TICK = 0.005  # seconds between two looks at the mood
HOLD = 180  # ours; the lower one counts, and KEEPALIVEs go out every second whatever it is
RECEIVE_BUFFER = 4096  # small, so that a window that is not read from closes at once
MARKER = b"\xff" * 16

counts = {
    "accepted": [], "established": 0, "opens": 0, "besieged": 0, "prefixes": 0, "path": 0,
    "withdrawn": 0, "told": [],
}
written = None


def write_state():
    global written
    text = json.dumps(counts)
    if text == written:
        return
    with open(STATE + ".new", "w") as file:
        file.write(text)
    os.rename(STATE + ".new", STATE)
    written = text


def mood():
    with open(MOOD) as file:
        return file.read().strip()


def message(kind, body=b""):
    return MARKER + struct.pack(">HB", 19 + len(body), kind) + body


def notification(code, subcode, text):
    return message(3, bytes([code, subcode, len(text)]) + text)


def our_open():
    capabilities = struct.pack(">BBHBB", 1, 4, 1, 0, 1) + struct.pack(">BBI", 65, 4, ASN)
    parameters = bytes([2, len(capabilities)]) + capabilities
    head = struct.pack(">BHH4sB", 4, ASN, HOLD, socket.inet_aton(LOCAL), len(parameters))
    return message(1, head + parameters)


def attribute(flags, code, value):
    return bytes([flags, code, len(value)]) + value


def odd_updates():
    path = attribute(0x40, 2, struct.pack(">BBI", 2, 1, ASN))
    hop = attribute(0x40, 3, socket.inet_aton(LOCAL))
    local_preference = attribute(0x40, 5, struct.pack(">I", 100))
    for origin, more, route in ((0, local_preference, b"\x18\xc0\x00\x02"),
                                (3, b"", b"\x18\xc6\x33\x64")):
        attributes = attribute(0x40, 1, bytes([origin])) + path + hop + more
        yield message(2, struct.pack(">HH", 0, len(attributes)) + attributes + route)


class Connection:
    def __init__(self, sock):
        sock.setblocking(False)
        self.sock, self.unread, self.established, self.next = sock, b"", False, time.monotonic() + 1
        counts["accepted"].append(round(time.monotonic(), 3))

    def send(self, data):
        self.sock.send(data)

    def close(self, reset=False):
        if reset:
            # RST instead of FIN.
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
        connections.remove(self)

    def keep_alive(self, now):
        if self.established and now >= self.next:
            self.next = now + 1
            self.send(message(4))

    def read(self, temper):
        data = self.sock.recv(1 << 20)
        if not data:
            return self.close()
        self.unread += data
        at = 0
        while len(self.unread) - at >= 19:
            length, kind = struct.unpack_from(">HB", self.unread, at + 16)
            if len(self.unread) - at < length:
                break
            self.take(kind, self.unread[at + 19:at + length], temper)
            if self not in connections:
                return None
            at += length
        self.unread = self.unread[at:]
        return None

    def take(self, kind, body, temper):
        if kind == 1:
            counts["opens"] += 1
            if temper == "refuse":
                self.send(notification(6, 5, b"not today"))
                return self.close()
            self.send(our_open() + message(4))
        elif kind == 2:
            self.update(body)
        elif kind == 3:
            counts["told"] = (counts["told"] + ["%d/%d" % (body[0], body[1])])[-20:]
        elif kind == 4 and not self.established:
            self.established = True
            counts["established"] += 1
            counts["prefixes"] = 0
            if temper == "odd":
                for update in odd_updates():
                    self.send(update)
            if temper == "drop":
                self.send(notification(6, 4, b"again and again"))
                return self.close()
            if temper == "reset":
                return self.close(reset=True)
        return None

    def update(self, body):
        withdrawn, = struct.unpack_from(">H", body)
        counts["withdrawn"] += withdrawn > 0
        length, = struct.unpack_from(">H", body, 2 + withdrawn)
        at = 4 + withdrawn
        end = at + length
        routes = 0
        place = end
        while place < len(body):
            place += 1 + (body[place] + 7) // 8
            routes += 1
        if routes == 0:
            return
        while at < end:
            flags, code = body[at], body[at + 1]
            size, head = body[at + 2], 3
            if flags & 0x10:
                (size,), head = struct.unpack_from(">H", body, at + 2), 4
            if code == 2:
                # A new path: what is counted is how many prefixes have it.
                if counts["path"] != body[at + head + 1]:
                    counts["path"], counts["prefixes"] = body[at + head + 1], 0
            at += head + size
        counts["prefixes"] += routes


def besiege():
    sock = socket.socket()
    sock.bind((LOCAL, 0))
    sock.settimeout(5)
    sock.connect((PEER, 179))
    sock.send(notification(6, 2, b"siege"))
    sock.close()
    counts["besieged"] += 1


def accept(listener, temper):
    sock, _ = listener.accept()
    connections.append(Connection(sock))
    if temper == "shout":
        connections[-1].send(notification(6, 2, b"go away"))
        connections[-1].close()


def turn(listener):
    temper = mood()
    if temper == "besiege":
        try:
            besiege()
        except OSError:
            # Its backlog is full, or it was faster to close: the next one comes at once.
            counts["refused"] = counts.get("refused", 0) + 1
    watched = [listener] + ([] if temper == "deaf" else [c.sock for c in connections])
    ready, _, _ = select.select(watched, [], [], 0 if temper == "besiege" else TICK)
    now = time.monotonic()
    for connection in list(connections):
        try:
            if connection.sock in ready:
                connection.read(temper)
            if connection in connections:
                connection.keep_alive(now)
        except OSError as error:
            counts["told"] = (counts["told"] + [type(error).__name__])[-20:]
            if connection in connections:
                connection.close()
    if listener in ready:
        try:
            accept(listener, temper)
        except OSError as error:
            counts["told"] = (counts["told"] + [type(error).__name__])[-20:]
            del connections[-1:]
    write_state()


connections = []
door = socket.socket()
door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
door.bind((LOCAL, 179))
door.listen(16)
write_state()
while True:
    turn(door)
