#!/usr/bin/env python3
# Azure's own client libraries against the simulated resource manager and metadata service.
"""azure_judge.py LAB VECTORS

Starts LAB (hopshift-lab) as a resource manager, lets azure-identity fetch a token from its metadata
service and azure-mgmt-network create, read, update and delete routes; every answer is held against
the OpenAPI specification in VECTORS. Prints "ok" and "not ok" lines.
"""
import json
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import threading

from azure.core.exceptions import (
    ClientAuthenticationError, HttpResponseError, ResourceExistsError, ResourceModifiedError,
    ResourceNotFoundError)
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.identity import ManagedIdentityCredential
from azure.mgmt.network import NetworkManagementClient
from jsonschema import Draft4Validator

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
GROUP = "lab"
# What the specification refers to in files that are not kept here, as far as answers need it.
ELSEWHERE = {
    "SubResource": {"type": "object", "properties": {"id": {"type": "string"}}},
    "Resource": {"type": "object", "properties": {
        "id": {"type": "string"}, "name": {"type": "string"}, "type": {"type": "string"},
        "location": {"type": "string"},
        "tags": {"type": "object", "additionalProperties": {"type": "string"}}}},
    "ProvisioningState": {"type": "string", "enum": [
        "Failed", "Succeeded", "Canceled", "Creating", "Updating", "Deleting"]},
    "Subnet": {"type": "object", "properties": {"id": {"type": "string"}}},
    "CloudError": {"type": "object", "properties": {"error": {
        "type": "object", "required": ["code", "message"], "additionalProperties": False,
        "properties": {
            "code": {"type": "string"}, "message": {"type": "string"},
            "target": {"type": "string"}, "innerError": {"type": "string"},
            "details": {"type": "array", "items": {
                "type": "object", "additionalProperties": False, "properties": {
                    "code": {"type": "string"}, "message": {"type": "string"},
                    "target": {"type": "string"}}}}}}}},
}


class Specification:
    """Schemas with every reference put in its place, and no room for names they do not know."""

    def __init__(self, vectors):
        with open(os.path.join(vectors, "routeTable.json"), encoding="utf-8") as file:
            self.paths = json.load(file)
        with open(os.path.join(vectors, "effectiveRoutes.json"), encoding="utf-8") as file:
            self.effective = json.load(file)
        self.definitions = dict(self.paths["definitions"])
        self.definitions.update(self.effective)
        self.definitions.update(ELSEWHERE)

    def schema(self, node):
        if "$ref" in node:
            return self.schema(self.definitions[node["$ref"].rsplit("/", 1)[1]])
        result = {key: node[key] for key in ("type", "enum", "required", "minItems") if key in node}
        properties = {}
        for part in node.get("allOf", []):
            properties.update(self.schema(part).get("properties", {}))
        for name, value in node.get("properties", {}).items():
            properties[name] = self.schema(value)
        if properties:
            result.update(type="object", properties=properties, additionalProperties=False)
        elif "additionalProperties" in node:
            result["additionalProperties"] = node["additionalProperties"]
        if "items" in node:
            result["items"] = self.schema(node["items"])
        return result

    def faults(self, method, path, status, body):
        """What is wrong with an answer; nothing for calls that the specification does not name."""
        for template, operations in self.paths["paths"].items():
            pattern = re.sub(r"\{[^}]*\}", "[^/]+", template)
            if not re.fullmatch(pattern, path, re.IGNORECASE):
                continue
            responses = operations[method.lower()]["responses"]
            response = responses.get(str(status))
            if response is None:
                response = responses["default"]
                if status < 400:
                    return ["status %d is not declared" % status]
            if "schema" not in response:
                return [] if not body else ["there is a body, and none is declared"]
            return self.against(response["schema"], body)
        return []

    def against(self, schema, body):
        try:
            value = json.loads(body)
        except ValueError as error:
            return ["no JSON: %s" % error]
        return [
            "%s: %s" % ("/".join(str(part) for part in fault.path), fault.message)
            for fault in Draft4Validator(self.schema(schema)).iter_errors(value)]


class Witness(SansIOHTTPPolicy):
    """Sees every answer that comes from the wire."""

    def __init__(self, specification):
        super().__init__()
        self.specification = specification
        self.seen = []
        self.faults = []

    def on_response(self, request, response):
        answer = response.http_response
        path = request.http_request.url.split("?")[0].split("/", 3)[3]
        body = answer.body() if callable(getattr(answer, "body", None)) else answer.content
        method = request.http_request.method
        self.seen.append((method, "/" + path, answer.status_code, dict(answer.headers), body))
        for fault in self.specification.faults(method, "/" + path, answer.status_code, body):
            self.faults.append("%s /%s %d: %s" % (method, path, answer.status_code, fault))


class Lab:
    """The process under judgement."""

    def __init__(self, program, place):
        self.control = os.path.join(place, "control")
        self.authority = os.path.join(place, "authority.pem")
        self.process = subprocess.Popen(
            [program, "rest", "--control", self.control, "--authority", self.authority,
             "--subscription", SUBSCRIPTION, "--group", GROUP, "--lasts", "200ms",
             "--subnet", "pair=10.0.2.0/24=udr", "--table", "udr",
             "--machine", "a=pair=10.0.2.10=00:0d:3a:00:00:0a"],
            stdout=subprocess.PIPE)
        if not select.select([self.process.stdout], [], [], 30)[0]:
            raise RuntimeError("hopshift-lab does not start")
        ready = json.loads(self.process.stdout.readline())
        self.rest, self.metadata = ready["rest"], ready["metadata"]
        # It tells of every call, and stands still when nobody reads that.
        self.reader = threading.Thread(target=self.process.stdout.read)
        self.reader.start()

    def ask(self, words):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(10)
            line.connect(self.control)
            line.sendall(("1 %s\n" % words).encode())
            text = b""
            while b'"type":"end"' not in text:
                piece = line.recv(65536)
                if not piece:
                    raise RuntimeError("no answer to " + words)
                text += piece
        end = json.loads(text.splitlines()[-1])
        if end["code"] != 0:
            raise RuntimeError("%s: %s" % (words, end["message"]))

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        finally:
            self.process.kill()
            self.reader.join()


bad = 0


def verdict(good, what, why=""):
    global bad
    if good:
        print("ok rest: " + what)
    else:
        bad = 1
        print("not ok rest: %s%s" % (what, " (%s)" % why if why else ""))


def refused(kind, call):
    """The error that a call ends with, if it is of this kind."""
    try:
        call()
    except kind as error:
        return error
    except HttpResponseError as error:
        print("# instead: %r" % error)
    return None


def names(value, prefix=""):
    """Every name in a value, with those around it."""
    if not isinstance(value, dict):
        return set()
    found = set()
    for name, inner in value.items():
        found |= {prefix + name} | names(inner, prefix + name + ".")
    return found


def judge_tables(client):
    tables = client.route_tables
    made = tables.begin_create_or_update(
        GROUP, "made", {"location": "westus", "tags": {"who": "judge"}}).result()
    verdict(made.provisioning_state == "Succeeded" and made.tags == {"who": "judge"},
            "a route table is created")
    verdict(tables.get(GROUP, "made").location == "westus", "and read")
    tables.update_tags(GROUP, "made", {"tags": {"who": "nobody"}})
    verdict(tables.get(GROUP, "made").tags == {"who": "nobody"}, "its tags are changed")
    verdict({table.name for table in tables.list(GROUP)} == {"udr", "made"}
            and {table.name for table in tables.list_all()} == {"udr", "made"}, "tables are listed")
    verdict(refused(HttpResponseError, lambda: tables.begin_delete(GROUP, "udr").result())
            is not None, "a table that a subnet names is not deleted")
    tables.begin_delete(GROUP, "made").result()
    verdict(refused(ResourceNotFoundError, lambda: tables.get(GROUP, "made")) is not None,
            "a table is deleted")


def judge_routes(client, witness, vectors):
    routes = client.routes

    def put(hop, name="vip", **more):
        return routes.begin_create_or_update(
            GROUP, "udr", name, {"properties": {
                "addressPrefix": "10.64.0.0/12", "nextHopType": "VirtualAppliance",
                "nextHopIpAddress": hop}}, **more)

    made = put("10.0.2.10").result()
    verdict(made.next_hop_ip_address == "10.0.2.10" and made.provisioning_state == "Succeeded",
            "a route is created, and its operation followed to the end")
    first = [entry for entry in witness.seen if entry[0] == "PUT"][-1]
    polled = [name for name in first[3] if name.lower() == "azure-asyncoperation"]
    verdict(first[2] == 201 and len(first[3][polled[0]]) > 3000
            and not any(name.lower() == "retry-after" for name in first[3]),
            "201 with an operation of more than 3 kB, and no Retry-After")
    with open(os.path.join(vectors, "recording.json"), encoding="utf-8") as file:
        recorded = json.load(file)["interactions"][0]["response"]["body"]
    ours = json.loads(first[4])
    verdict(names(ours) - names(recorded) == {"properties.nextHopIpAddress"}
            and not names(recorded) - names(ours), "with the members of Azure's own answer")
    tag = routes.get(GROUP, "udr", "vip").etag
    moved = put("10.0.2.20", headers={"If-Match": tag}).result()
    verdict(moved.next_hop_ip_address == "10.0.2.20", "it is changed in place, with its tag")
    verdict(moved.etag not in (tag, made.etag), "which is another one then")
    stale = refused((ResourceModifiedError, HttpResponseError),
                    lambda: put("10.0.2.99", headers={"If-Match": tag}))
    verdict(stale is not None and stale.status_code == 412, "a stale tag is refused")
    verdict(routes.get(GROUP, "udr", "vip").next_hop_ip_address == "10.0.2.20",
            "and nothing has changed")
    return routes, put


def judge_lists(client, lab, routes):
    table = client.route_tables.get(GROUP, "udr").as_dict()
    table["properties"]["routes"] += [
        {"name": "n%d" % number, "properties": {
            "addressPrefix": "10.8.%d.0/24" % number, "nextHopType": "None"}}
        for number in range(150)]
    lab.ask("set lasts 0")
    client.route_tables.begin_create_or_update(GROUP, "udr", table).result()
    listed = [route.name for route in routes.list(GROUP, "udr")]
    verdict(len(listed) == len(set(listed)) == 151, "a long list comes in pages")
    lab.ask("set lasts 200ms")


def judge_errors(lab, routes, put):
    lab.ask("cause rest busy times=2 value=1")
    verdict(put("10.0.2.10").result().next_hop_ip_address == "10.0.2.10",
            "429 of a busy table is repeated by the library")
    lab.ask("cause rest conflict times=1")
    verdict(refused(ResourceExistsError, lambda: put("10.0.2.20")) is not None,
            "409 AnotherOperationInProgress is raised")
    lab.ask("cause rest operation-fails times=1")
    verdict(refused(HttpResponseError, lambda: put("10.0.2.30").result()) is not None
            and routes.get(GROUP, "udr", "vip").next_hop_ip_address == "10.0.2.10",
            "an operation that fails has changed nothing")
    lab.ask("set lasts 2s")
    put("10.0.2.40", polling=False)
    error = refused(HttpResponseError, lambda: put("10.0.2.50", retry_total=0, polling=False))
    verdict(error is not None and error.status_code == 429
            and error.error.details[0].code == "RetryableErrorDueToAnotherOperation",
            "a second write of the same table is refused while the first lasts")
    lab.ask("set lasts 200ms")
    verdict(put("10.0.2.60").result().next_hop_ip_address == "10.0.2.60",
            "and comes through when it is over")
    lab.ask("deny microsoft.network/routetables/routes/write")
    error = refused(HttpResponseError, lambda: put("10.0.2.70"))
    verdict(error is not None and error.error.code == "AuthorizationFailed",
            "403 names what the role lacks")
    lab.ask("allow microsoft.network/routetables/routes/write")
    routes.begin_delete(GROUP, "udr", "vip").result()
    verdict(refused(ResourceNotFoundError, lambda: routes.get(GROUP, "udr", "vip")) is not None,
            "a route is deleted")
    routes.begin_delete(GROUP, "udr", "vip").result()
    verdict(True, "deleting it again is no error")


def judge_surroundings(client, witness, specification):
    interface = client.network_interfaces.get(GROUP, "a-nic")
    verdict(interface.enable_ip_forwarding and interface.mac_address == "00-0D-3A-00-00-0A",
            "an interface is read")
    subnet = client.virtual_networks.get(GROUP, "vnet").subnets[0]
    verdict(subnet.route_table.id.endswith("/routeTables/udr"), "a network names its tables")
    found = client.network_interfaces.begin_get_effective_route_table(GROUP, "a-nic").result()
    verdict(any(route.source == "Default" for route in found.value)
            and any(route.source == "User" for route in found.value),
            "effective routes are collected")
    body = witness.seen[-1][4]
    faults = specification.against({"$ref": "#/definitions/EffectiveRouteListResult"}, body)
    verdict(not faults, "in the form of the specification", "; ".join(faults[:3]))


def main():
    program, vectors = sys.argv[1:]
    os.environ["NO_PROXY"] = "*"
    specification = Specification(vectors)
    with tempfile.TemporaryDirectory(prefix="azure-judge-") as place:
        lab = Lab(program, place)
        try:
            os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = "http://127.0.0.1:%d" % lab.metadata
            credential = ManagedIdentityCredential()
            token = credential.get_token("https://management.azure.com/.default")
            verdict(len(token.token) > 1000, "azure-identity gets a token")
            witness = Witness(specification)
            client = NetworkManagementClient(
                credential, SUBSCRIPTION, base_url="https://localhost:%d" % lab.rest,
                credential_scopes=["https://management.azure.com/.default"],
                connection_verify=lab.authority, polling_interval=0.05,
                per_retry_policies=[witness])
            judge_tables(client)
            routes, put = judge_routes(client, witness, vectors)
            judge_lists(client, lab, routes)
            judge_errors(lab, routes, put)
            judge_surroundings(client, witness, specification)
            verdict(not witness.faults and len(witness.seen) > 40,
                    "%d answers follow the specification" % len(witness.seen),
                    "; ".join(witness.faults[:5]))
            lab.ask("revoke-tokens")
            verdict(refused(ClientAuthenticationError,
                            lambda: client.route_tables.get(GROUP, "udr")) is not None,
                    "an expired token is refused")
            lab.ask("cause metadata not-found times=1")
            fresh = ManagedIdentityCredential().get_token("https://management.azure.com/.default")
            verdict(fresh.token != token.token, "404 of the metadata service is repeated")
        finally:
            lab.close()
    sys.exit(bad)


main()
