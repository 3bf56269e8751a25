#!/usr/bin/python3
"""A resource manager with one route table, over TLS, and a metadata service. Prints both ports, then
obeys lines of its standard input until that ends. Arguments: certificate, key, file for the log."""
import ctypes
import http.server
import json
import re
import ssl
import sys
import threading
import time

TABLE = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g/providers/Microsoft.Network/routeTables/rt"
MACHINE = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm-a"
INTERFACE = TABLE.replace("routeTables/rt", "networkInterfaces/nic")
NETWORK = TABLE.replace("routeTables/rt", "virtualNetworks/vnet")
SUBNET = NETWORK + "/subnets/pair"


class World:
    def __init__(self):
        self.lock = threading.Lock()
        self.routes = {}
        self.tag = 1
        self.serial = 0
        self.operations = {}
        # What lines of the standard input set.
        self.token = "planted-marker-1"
        self.life = "86400"
        self.events = {"DocumentIncarnation": 1, "Events": []}
        self.metadata_status = 200
        self.put_status = 0
        self.lose = 0
        self.polls = 1
        self.address = "10.0.0.4"
        self.forwards = True
        self.missing = []
        self.connections = set()
        self.log = open(sys.argv[3], "a", buffering=1)

    def cut(self):
        """Resets every connection, whoever reads or writes it: what connecting to nowhere does."""
        nowhere = ctypes.create_string_buffer(16)
        for connection in self.connections:
            ctypes.CDLL(None).connect(connection.fileno(), nowhere, 16)
        return len(self.connections)

    def note(self, text):
        self.log.write("%d %s\n" % (time.clock_gettime_ns(time.CLOCK_MONOTONIC), text))


world = World()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Answers are small, and the next request follows at once.
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, body=None, headers=()):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def error(self, status, code):
        self.answer(status, {"error": {"code": code, "message": "said so"}})

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()


class Metadata(Handler):
    def do_GET(self):
        with world.lock:
            world.note("metadata GET " + self.path)
            if self.headers.get("Metadata") != "true" or self.headers.get("Authorization"):
                return self.error(400, "BadRequest")
            if world.metadata_status != 200:
                return self.error(world.metadata_status, "Trouble")
            if self.path.startswith("/metadata/instance?"):
                return self.answer(200, {
                    "compute": {"name": "vm-a", "resourceId": MACHINE, "azEnvironment": "AzurePublicCloud"},
                    "network": {"interface": []}})
            if self.path.startswith("/metadata/identity/oauth2/token?"):
                return self.answer(200, {
                    "access_token": world.token, "token_type": "Bearer", "expires_in": world.life})
            if self.path.startswith("/metadata/scheduledevents?"):
                return self.answer(200, world.events)
        self.error(404, "NotFound")

    def do_POST(self):
        text = self.body()
        with world.lock:
            world.note("metadata POST " + self.path + " " + text)
        self.answer(200)


class Manager(Handler):
    def refused(self):
        if self.headers.get("Authorization") == "Bearer " + world.token:
            return False
        self.error(401, "ExpiredAuthenticationToken")
        return True

    def do_GET(self):
        with world.lock:
            world.note("GET " + self.path[:300])
            if self.refused():
                return
            path = self.path.split("?")[0]
            if path == TABLE:
                tag = 'W/"%d"' % world.tag
                routes = [
                    {"name": name, "etag": tag, "properties": dict(route, provisioningState="Succeeded")}
                    for name, route in world.routes.items()]
                return self.answer(200, {"name": "rt", "etag": tag, "properties": {
                    "routes": routes, "subnets": [{"id": SUBNET}]}})
            if path == TABLE + "/providers/Microsoft.Authorization/permissions":
                return self.answer(200, {"value": [{"actions": ["*"], "notActions": world.missing}]})
            if path == MACHINE:
                return self.answer(200, {"properties": {"networkProfile": {"networkInterfaces": [
                    {"id": INTERFACE}]}}})
            if path == INTERFACE:
                return self.answer(200, {"properties": {
                    "enableIPForwarding": world.forwards, "ipConfigurations": [{"properties": {
                        "privateIPAddress": world.address, "subnet": {"id": SUBNET}}}]}})
            if path == NETWORK:
                return self.answer(200, {"properties": {"subnets": [
                    {"id": SUBNET, "properties": {"routeTable": {"id": TABLE}}}]}})
            found = re.fullmatch("/operations/([0-9]+)", path)
            if found and int(found[1]) in world.operations:
                left = world.operations[int(found[1])]
                world.operations[int(found[1])] = left - 1
                return self.answer(200, {"status": "InProgress" if left > 0 else "Succeeded"})
        self.error(404, "ResourceNotFound")

    def write(self, text):
        path = self.path.split("?")[0]
        name = path[len(TABLE) + len("/routes/"):]
        if not path.startswith(TABLE + "/routes/"):
            return self.error(404, "ResourceNotFound")
        match = self.headers.get("If-Match")
        world.note("%s %s %s %s" % (self.command, name, match, text))
        if self.refused():
            return
        if world.put_status:
            return self.error(world.put_status, "Trouble")
        if match and match != 'W/"%d"' % world.tag:
            return self.error(412, "PreconditionFailed")
        status = 200 if name in world.routes else 201
        if self.command == "PUT":
            world.routes[name] = json.loads(text)["properties"]
        else:
            world.routes.pop(name, None)
            status = 202
        world.tag += 1
        world.serial += 1
        world.operations[world.serial] = world.polls
        if world.lose > 0:
            world.lose -= 1
            self.close_connection = True
            return self.connection.close()
        url = "https://localhost:%d/operations/%d?c=%s" % (self.server.server_port, world.serial, "x" * 3200)
        self.answer(status, json.loads(text) if text else None, [("Azure-AsyncOperation", url)])

    def do_PUT(self):
        text = self.body()
        with world.lock:
            self.write(text)

    do_DELETE = do_PUT


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])

    class Secure(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def finish_request(self, request, address):
            # Here and not in the listener: a slow handshake is its client's own matter.
            with context.wrap_socket(request, server_side=True) as stream:
                with world.lock:
                    world.connections.add(stream)
                try:
                    self.RequestHandlerClass(stream, address, self)
                finally:
                    with world.lock:
                        world.connections.discard(stream)

        def handle_error(self, *_):
            pass

    class Plain(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass

    manager = Secure(("127.0.0.1", 0), Manager)
    metadata = Plain(("127.0.0.1", 0), Metadata)
    for server in (manager, metadata):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(manager.server_port, metadata.server_port, flush=True)
    # A line is NAME JSON; `routes` tells what stands in the table instead, `cut` how many it cut.
    for line in sys.stdin:
        name, _, value = line.strip().partition(" ")
        with world.lock:
            if name == "routes":
                print(json.dumps(world.routes), flush=True)
                continue
            if name == "cut":
                print(world.cut(), flush=True)
                continue
            if name == "meddle":
                given = json.loads(value)
                world.routes[given["name"]] = given["properties"]
                world.tag += 1
            else:
                assert hasattr(world, name), name
                setattr(world, name, json.loads(value))
        print("done", flush=True)


main()
