# An appliance and two route servers in network namespaces, driven from one process without a pause.
import ctypes
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import time

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PATIENCE = 20  # seconds until a condition that did not come true is a failure
LOCAL = "10.10.0.7"
SERVERS = ["10.10.0.4", "10.10.0.5"]
libc = ctypes.CDLL(None, use_errno=True)


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def forget_the_dead():
    """Removes the namespaces of a run that was killed."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout
    for line in listed.splitlines():
        words = line.split()[0].split("-")
        if words[:2] == ["hs", "al"] and not os.path.exists(f"/proc/{words[2]}"):
            ip("netns", "del", line.split()[0])


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def unavailable():
    """Why this machine cannot do it, or None."""
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    if not shutil.which("ip"):
        return "needs ip of iproute2"
    name = f"hs-try-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode != 0:
        return "this machine makes no network namespaces"
    ip("netns", "del", name)
    return None


def listening(namespace, address):
    """A listener on port 179 inside a namespace; the socket stays there, this process does not."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        try:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, 179))
            listener.listen(4)
            return listener
        finally:
            libc.setns(home, CLONE_NEWNET)
    finally:
        os.close(home)
        os.close(there)


class RouteServer:
    """As much of a BGP speaker as it takes to be sent UPDATEs (RFC 4271)."""

    ASN = 65515
    # RFC 5492 capabilities: multiprotocol IPv4 and IPv6 unicast, four-octet AS numbers.
    CAPABILITIES = (
        bytes.fromhex("0104 0001 0001 0104 0002 0001") + b"\x41\x04" + struct.pack("!I", ASN)
    )
    # RFC 4724 section 2: nothing, or an MP_UNREACH_NLRI alone that withdraws nothing.
    ENDS = [bytes(4), bytes.fromhex("0000 0006 800f03 0002 01")]

    def __init__(self, namespace, address):
        self.address = address
        self.listener = listening(namespace, address)
        self.peer = None
        self.buffer = b""
        self.updates = 0
        self.established = False

    def message(self, kind, body=b""):
        return b"\xff" * 16 + struct.pack("!HB", 19 + len(body), kind) + body

    def open_message(self):
        parameters = b"\x02" + bytes([len(self.CAPABILITIES)]) + self.CAPABILITIES
        head = struct.pack("!BHH", 4, self.ASN, 180) + socket.inet_aton(self.address)
        return self.message(1, head + bytes([len(parameters)]) + parameters)

    def accept(self):
        self.peer, _ = self.listener.accept()
        self.buffer = b""

    def read(self):
        data = self.peer.recv(65536)
        if not data:
            raise RuntimeError(f"the daemon left route server {self.address}")
        self.buffer += data
        while len(self.buffer) >= 19:
            length, kind = struct.unpack("!HB", self.buffer[16:19])
            if len(self.buffer) < length:
                return
            self.take(kind, self.buffer[19:length])
            self.buffer = self.buffer[length:]

    def take(self, kind, body):
        if kind == 1:
            self.peer.sendall(self.open_message() + self.message(4))
        elif kind == 2 and body not in self.ENDS:
            self.updates += 1
        elif kind == 3:
            raise RuntimeError(f"NOTIFICATION {body.hex()} at {self.address}")
        elif kind == 4:
            self.established = True
            self.peer.sendall(self.message(4))


class Appliance:
    """Namespaces a, r1 and r2 on one bridge in a; the daemon runs in a."""

    # Two machines that a watcher probes; each is an address beside a route server.
    HOSTS = ["10.10.0.21", "10.10.0.22"]

    def __init__(self, folder, vips, dual=False, watches=None):
        self.folder = folder
        self.vips = vips
        # One VIP, which the first host that is well carries: by its answers ("icmp"), or while a
        # link here runs as well ("link").
        self.watches = watches
        # Each VIP has prefixes of both families, and another VIP of IPv6 moves with it.
        self.dual = dual
        self.name = f"hs-al-{os.getpid()}"
        self.names = [self.name, self.name + "-r1", self.name + "-r2"]
        self.daemon = None
        self.log = None

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def build(self):
        forget_the_dead()
        here = self.names[0]
        for name in self.names:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("-n", here, "link", "add", "br0", "type", "bridge")
        ip("-n", here, "addr", "add", LOCAL + "/24", "dev", "br0")
        ip("-n", here, "link", "set", "br0", "up")
        for index, server in enumerate(SERVERS):
            there = self.names[index + 1]
            ip("-n", here, "link", "add", f"port{index}", "type", "veth",
               "peer", "name", "eth0", "netns", there)
            ip("-n", here, "link", "set", f"port{index}", "master", "br0", "up")
            ip("-n", there, "addr", "add", server + "/24", "dev", "eth0")
            ip("-n", there, "link", "set", "eth0", "up")
            if self.watches:
                ip("-n", there, "addr", "add", self.HOSTS[index] + "/24", "dev", "eth0")
        if self.watches == "link":
            ip("-n", here, "link", "add", "watched", "type", "veth", "peer", "name", "behind")
            for link in ("watched", "behind"):
                ip("-n", here, "link", "set", link, "up")
        self.servers = [RouteServer(n, s) for n, s in zip(self.names[1:], SERVERS)]

    def vip(self, number):
        return f"100.64.{number // 250}.{number % 250 + 1}/32"

    def turn(self, is_well):
        """The first host dies or returns. Of answers the daemon's kernel has no news."""
        if self.watches == "link":
            ip("-n", self.names[0], "link", "set", "watched", "up" if is_well else "down")
        else:
            ip("-n", self.names[1], "addr", "add" if is_well else "del", self.HOSTS[0] + "/24",
               "dev", "eth0")

    def configuration(self):
        lines = [
            "local: {asn: 65001, address: %s, address6: 'fd00::7'}" % LOCAL,
            "route-servers: {platform: generic, asn: 65515, peers: [%s]}" % ", ".join(SERVERS),
        ]
        if self.watches:
            more = ", link: {interface: watched}" if self.watches == "link" else ""
            hosts = [f"h{n}: {{address: {a}, probes: [icmp: {{interval: 20ms}}{m}]}}"
                     for n, (a, m) in enumerate(zip(self.HOSTS, (more, "")))]
            lines += ["hosts: {%s}" % ", ".join(hosts), "vips:",
                      "  web: {prefixes: [%s], hosts: [h0, h1], failback: 0s}" % self.vip(0)]
        else:
            lines.append("vips:")
        for number in range(0 if self.watches else self.vips):
            address = self.vip(number)
            both = f", 'fd00:0:0:{number + 1:x}::/64'" if self.dual else ""
            lines.append("  v%d: {prefixes: [%s%s], owner: {when: address}}"
                         % (number, address, both))
            if self.dual:
                lines.append("  w%d: {prefixes: ['fd01:0:0:%x::/64'], owner: {when: address, "
                             "address: %s}}" % (number, number, address.split("/")[0]))
        if self.dual:
            # Routes of the kernel are heard as well, and must not weigh on a shift. None of them
            # matches: what is announced of them has its own sends, with use of the heap.
            lines.append("redistribute: {all: {allow: [198.51.100.0/24 le 32], delay: 0ms}}")
        path = self.folder / "hopshift.yaml"
        path.write_text("\n".join(lines) + "\n")
        return path

    def start(self, program, environment):
        control = self.folder / "control.sock"
        control.unlink(missing_ok=True)
        self.log = open(self.folder / "hopshiftd.stderr", "w+")
        # The probe belongs in the daemon alone, not in ip, which starts it.
        preload = [f"{k}={environment[k]}" for k in (
            "LD_PRELOAD", "HOPSHIFT_ALLOCATION_LOG", "HOPSHIFT_ALLOCATION_WAKE") if k in environment]
        self.daemon = subprocess.Popen(
            ["ip", "netns", "exec", self.names[0], "env", *preload, str(program),
             "--config", str(self.configuration()), "--control", str(control)],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            preexec_fn=die_with_parent)
        self.wait(lambda: all(s.established for s in self.servers), "both sessions")

    def add(self, number):
        ip("-n", self.names[0], "addr", "add", self.vip(number), "dev", "br0")

    def remove(self, number):
        ip("-n", self.names[0], "addr", "del", self.vip(number), "dev", "br0")

    def wait_for_shifts(self, count):
        """Until each route server has had the first announcement and so many shifts."""
        wanted = (count + 1) * (2 if self.dual else 1)
        self.wait(lambda: all(s.updates >= wanted for s in self.servers), f"UPDATE {wanted}")

    def wait(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0 or self.daemon.poll() is not None:
                self.log.seek(0)
                counts = [s.updates for s in self.servers]
                raise RuntimeError(f"no {what}; UPDATEs so far {counts}; the daemon said:\n"
                                   + self.log.read())
            places = {s.listener: s.accept for s in self.servers}
            places.update({s.peer: s.read for s in self.servers if s.peer})
            for ready in select.select(list(places), [], [], min(left, 0.2))[0]:
                places[ready]()

    def stop(self):
        self.daemon.terminate()
        return self.daemon.wait(PATIENCE)

    def __exit__(self, *_):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        for server in getattr(self, "servers", []):
            for end in (server.peer, server.listener):
                if end:
                    end.close()
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
