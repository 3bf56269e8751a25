# A LAN of two network namespaces: the daemon that asks on one side, everybody who answers on the other.
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Allocation"))
from namespaces import die_with_parent, forget_the_dead, ip, unavailable  # noqa: E402,F401

PATIENCE = 20  # seconds until a condition that did not come true is a failure
PORT = 8080


WEB = f"""
import http.server

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"ready")
    def log_message(self, *words): pass
class Quiet(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    def handle_error(self, *words): pass
Quiet(("", {PORT}), Page).serve_forever()
"""


def address(number):
    """The address of host `number`, from 0."""
    return f"10.9.{number // 250}.{number % 250 + 2}"


def pass_time(seconds):
    """Time itself is what is wanted: between two looks at a condition, for how long a process stands
    still, over how long a rate is counted. Nothing is concluded from its having passed."""
    select.select([], [], [], seconds)


class LAN:
    """`hosts` machines that answer, a daemon, and whatever runs beside them; all ends with it."""

    def __init__(self, directory, hosts):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.hosts = hosts
        self.here, self.there, self.between = (
            f"hs-al-{os.getpid()}-{side}" for side in ("here", "there", "between"))
        self.running = []
        self.daemon = None
        self.starts = 0
        self.core = None

    def __enter__(self):
        forget_the_dead()
        for name in (self.here, self.there, self.between):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        bridge = ("-n", self.between, "link")
        ip(*bridge, "add", "bridge", "type", "bridge", "forward_delay", "0", "stp_state", "0")
        ip(*bridge, "set", "bridge", "up")
        for port, name in (("here", self.here), ("there", self.there)):
            ip(*bridge, "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip(*bridge, "set", port, "master", "bridge", "up")
        ip("-n", self.here, "address", "add", "10.9.255.1/16", "dev", "eth0")
        batch = "".join(f"address add {address(n)}/16 dev eth0\n" for n in range(self.hosts))
        subprocess.run(["ip", "-n", self.there, "-batch", "-"], input=batch, text=True, check=True)
        for name in (self.here, self.there):
            ip("-n", name, "link", "set", "eth0", "up")
        self.inside(self.here, "sh", "-c",
                    "echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range")
        # Hundreds of neighbours at once are no attack here.
        for name in (self.here, self.there):
            self.inside(name, "sh", "-c", "echo 0 > /proc/sys/net/ipv4/icmp_ratelimit")
        return self

    def __exit__(self, *_):
        for process in self.running:
            process.kill()
            process.wait()
        for name in (self.here, self.there, self.between):
            ip("netns", "del", name)

    def inside(self, name, *words):
        said = subprocess.run(["ip", "netns", "exec", name, *words], capture_output=True, text=True)
        if said.returncode != 0:
            raise RuntimeError(f"{' '.join(words)} ended with {said.returncode}: {said.stderr}")
        return said.stdout

    def start(self, name, words, **options):
        process = subprocess.Popen(["ip", "netns", "exec", name, *words],
                                   preexec_fn=die_with_parent, **options)
        self.running.append(process)
        return process

    def end(self, process, how=signal.SIGTERM):
        process.send_signal(how)
        status = process.wait(timeout=PATIENCE)
        self.running.remove(process)
        return status

    def start_web(self):
        self.start(self.there, ["python3", "-c", WEB])
        self.wait("the web server", lambda: f":{PORT}" in self.inside(self.there, "ss", "-Hltn"))

    def start_bird(self, interval, multiplier):
        path = self.directory / "bird.conf"
        path.write_text(f"""
            router id {address(0)};
            protocol device {{ }}
            protocol bfd {{
              interface "eth0" {{ interval {interval} ms; multiplier {multiplier}; }};
              neighbor 10.9.255.1 dev "eth0" local {address(0)};
            }}
            """)
        bird = shutil.which("bird") or "/usr/sbin/bird"
        self.start(self.there, [bird, "-f", "-c", str(path), "-s", str(self.directory / "bird.ctl")],
                   stderr=subprocess.DEVNULL)

    def start_daemon(self, binary, probes, environment=None):
        """`probes`: for each host the list of its probes, in flow style."""
        hosts = "".join(f"  h{n}: {{address: {address(n)}, probes: [{', '.join(p)}]}}\n"
                        for n, p in enumerate(probes))
        config = self.directory / "probing.yaml"
        config.write_text(
            "local: {asn: 65001, address: 10.9.255.1}\n"
            "route-servers: {platform: generic, asn: 65515, peers: [10.9.254.1, 10.9.254.2]}\n"
            f"hosts:\n{hosts}vips:\n"
            "  web: {prefixes: [10.1.0.5/32], hosts: [h0]}\n")
        self.starts += 1
        self.log = self.directory / f"daemon-{self.starts}.log"
        self.control = self.directory / "control"
        out = open(self.log, "w")
        state = self.directory / "state"
        state.unlink(missing_ok=True)
        self.daemon = self.start(
            self.here,
            # As the unit runs it, where that is allowed.
            [*self.priority(), str(binary), "--config", str(config), "--control", str(self.control), "--state", str(state)],
            stdout=out, stderr=out, env={**os.environ, **(environment or {})})
        self.wait("the daemon", lambda: self.targets() or None)

    def priority(self):
        words = ["chrt", "--fifo", "1"]
        able = subprocess.run([*words, "true"], capture_output=True).returncode == 0
        place = [] if self.core is None else ["taskset", "-c", str(self.core)]
        return place + words if able else place

    def answer_elsewhere(self):
        """Whoever asks runs on one core from now on, and whoever answers on the others: a frame that
        crosses a veth is handled to its end, answer included, within the system call that sent it,
        and would be charged to who asked. The first thing behind the veth hands it to another core
        instead (receive packet steering). Answers whether there is another core."""
        core, *others = sorted(os.sched_getaffinity(0))
        if not others:
            return False
        mask = f"{sum(1 << other for other in others):x}"
        self.inside(self.between, "sh", "-c",
                    f"echo {mask} > /sys/class/net/here/queues/rx-0/rps_cpus")
        self.core = core
        return True

    def targets(self):
        said = subprocess.run(
            [str(ROOT / ".build/release/hopshift"), "--socket", str(self.control), "status", "--json"],
            capture_output=True, text=True)
        records = [json.loads(line) for line in said.stdout.splitlines()]
        return [record for record in records if record["type"] == "target"]

    def wait(self, what, condition, patience=PATIENCE):
        deadline = time.monotonic() + patience
        while True:
            answer = condition()
            if answer:
                return answer
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited in vain for {what}")
            pass_time(0.01)

    def wait_for(self, state):
        self.wait(f"targets that are {state}",
                  lambda: {t["state"] for t in self.targets()} == {state})

    def monitor(self):
        """A stream of the daemon's records about hosts."""
        return subprocess.Popen(
            [str(ROOT / ".build/release/hopshift"), "--socket", str(self.control), "monitor", "host", "--json"],
            stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)

    def cut(self):
        """Nothing comes from the other side any more, and its link stays as it is."""
        ip("-n", self.between, "link", "set", "there", "nomaster")

    def mend(self):
        ip("-n", self.between, "link", "set", "there", "master", "bridge")

    def deaths(self):
        return [line for line in self.log.read_text().splitlines() if re.search(r": .* is down: ", line)]

    def usage(self):
        """Seconds of processor time, and voluntary switches, of the daemon until now."""
        pid = self.daemon.pid
        # Nanoseconds, where /proc/PID/stat counts hundredths of a second.
        ran = sum(int(path.read_text().split()[0])
                  for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))
        status = Path(f"/proc/{pid}/status").read_text()
        switches = int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", status, re.M)[1])
        resident = int(re.search(r"^VmRSS:\s*(\d+)", status, re.M)[1])
        return ran / 1e9, switches, resident


class Load:
    """A process that always computes, for each core."""

    def __enter__(self):
        spin = [sys.executable, "-c", "while True: pass"]
        self.spinners = [subprocess.Popen(spin, preexec_fn=die_with_parent)
                         for _ in range(os.cpu_count())]
        return self

    def __exit__(self, *_):
        for spinner in self.spinners:
            spinner.kill()
            spinner.wait()
