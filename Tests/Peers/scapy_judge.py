#!/usr/bin/env python3
# scapy's word on BGP messages: reads ours into plain text, or writes its own with what they say.
"""scapy_judge.py decode FILE | encode

decode: FILE has a line for each message, "2 HEX" or "4 HEX" (octets of an AS number on the
session); the answer is a line for each that names every field scapy found.
encode: lines of "KIND 2|4 HEX TEXT", where TEXT names the same fields; whoever reads the message
must find them. That of an UPDATE is its class, and all routes that it and those of the same width
before it leave behind: "CLASS|PREFIX NEXT-HOP [PATH]; ...".
"""
import logging
import struct
import sys

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.contrib import bgp  # noqa: E402
from scapy.packet import NoPayload, Raw  # noqa: E402


def width(octets):
    bgp.bgp_module_conf.use_2_bytes_asn = octets == "2"


def capability(cap):
    if isinstance(cap, bgp.BGPCapMultiprotocol):
        return "family %d/%d" % (cap.afi, cap.safi)
    if isinstance(cap, bgp.BGPCapFourBytesASN):
        return "as4 %d" % cap.asn
    return "code %d of %d" % (cap.code, cap.length)


def text_open(m):
    caps = [capability(p.param_value) for p in m.opt_params]
    # scapy has one capability a parameter; what is behind the first in ours it keeps as payload.
    for parameter in m.opt_params:
        rest = parameter.param_value.payload
        while not isinstance(rest, NoPayload):
            caps.append(capability(rest) if isinstance(rest, bgp.BGPCapability) else raw_caps(rest))
            rest = rest.payload
    return "OPEN version %d as %d hold %d id %s [%s]" % (
        m.version, m.my_as, m.hold_time, m.bgp_id, ", ".join(caps))


def raw_caps(rest):
    """Capabilities that scapy left as bytes, given back to it one by one."""
    data, found = bytes(rest), []
    while data:
        size = 2 + data[1]
        found.append(capability(bgp._bgp_capability_dispatcher(data)(data[:size])))
        data = data[size:]
    return ", ".join(found)


def path(attribute):
    # AS4_PATH is of one segment for scapy.
    segments = [attribute] if isinstance(attribute, bgp.BGPPAAS4Path) else attribute.segments
    return " ".join("%d:%s" % (s.segment_type, ",".join(map(str, s.segment_value)))
                    for s in segments)


def attribute(a):
    flags, value = int(a.type_flags), a.attribute
    head = "%02x/%d " % (flags, a.type_code)
    if a.type_code == 1:
        return head + "origin %d" % value.origin
    if a.type_code in (2, 17):
        return head + "path " + path(value)
    if a.type_code == 3:
        return head + "next-hop " + value.next_hop
    if a.type_code == 4:
        return head + "med %d" % value.med
    if a.type_code == 8:
        # Its class holds one community; the others are its payload.
        data = bytes(value)
        numbers = struct.unpack(">%dH" % (len(data) // 2), data)
        return head + "communities " + " ".join(
            "%d:%d" % pair for pair in zip(numbers[::2], numbers[1::2]))
    if a.type_code == 14:
        return head + "reach %d/%d via %s [%s]" % (
            value.afi, value.safi, value.nh_v6_addr, ", ".join(n.prefix for n in value.nlri))
    if a.type_code == 15:
        gone = value.afi_safi_specific
        return head + "unreach %d/%d [%s]" % (
            value.afi, value.safi,
            ", ".join(n.prefix for n in gone.withdrawn_routes) if gone else "")
    return head + "bytes " + bytes(value).hex()


def text_update(m):
    return "UPDATE withdrawn [%s] attributes [%s] routes [%s]" % (
        ", ".join(n.prefix for n in m.withdrawn_routes),
        "; ".join(attribute(a) for a in m.path_attr), ", ".join(n.prefix for n in m.nlri))


def text(message):
    whole = bgp.BGPHeader(message)
    if whole.len != len(message):
        return "length %d of %d" % (whole.len, len(message))
    if whole.type == 4:
        return "KEEPALIVE"
    m = whole.payload
    if whole.type == 1:
        return text_open(m)
    if whole.type == 2:
        return text_update(m)
    if whole.type == 3:
        return "NOTIFICATION %d/%d %s" % (m.error_code, m.error_subcode, (m.data or b"").hex())
    if whole.type == 5:
        return "ROUTE-REFRESH %d/%d" % (m.afi, m.safi)
    return "type %d" % whole.type


def decode(name):
    with open(name) as lines:
        for line in lines:
            octets, digits = line.split()
            width(octets)
            print(text(bytes.fromhex(digits)))


def put(kind, octets, message, says):
    data = bytes(message)
    # What scapy wrote it must read back itself: else this is a fault of the judge.
    assert len(data) == bgp.BGPHeader(data).len, (kind, data.hex())
    print(kind, octets, data.hex(), says)


def parameter(cap):
    return bgp.BGPOptParam(param_type=2, param_value=cap)


def put_opens():
    plain = [bgp.BGPCapMultiprotocol(afi=1, safi=1)]
    full = plain + [
        bgp.BGPCapMultiprotocol(afi=2, safi=1), bgp.BGPCapGeneric(code=2, length=0),
        bgp.BGPCapGeneric(code=6, length=0), bgp.BGPCapFourBytesASN(asn=65515),
    ]
    for asn, hold, caps, says in [
        (65515, 180, full, "65515 180 10.0.1.4 v4 v6 refresh extended as4"),
        (65515, 3, plain, "65515 3 10.0.1.4 v4"),
        (65515, 0, [], "65515 0 10.0.1.4"),
        (23456, 90, [bgp.BGPCapFourBytesASN(asn=4200000000)], "4200000000 90 10.0.1.4 as4"),
        (65515, 30, plain + [bgp.BGPCapGeneric(code=73, length=3, cap_data=b"abc")],
         "65515 30 10.0.1.4 v4"),
    ]:
        message = bgp.BGPHeader(type=1) / bgp.BGPOpen(
            version=4, my_as=asn, hold_time=hold, bgp_id="10.0.1.4",
            opt_params=[parameter(c) for c in caps])
        put("OPEN", "4", message, says)


def attribute_of(code, flags, value):
    return bgp.BGPPathAttr(type_flags=flags, type_code=code, attribute=value)


def put_updates():
    for octets in ("2", "4"):
        width(octets)
        put_stream(octets)
    width("4")


def put_stream(octets):
    """UPDATEs of one session, each with what it leaves behind."""
    segment = bgp.BGPPAASPath.ASPathSegment if octets == "2" else \
        bgp.BGPPAAS4BytesPath.ASPathSegment
    whole = bgp.BGPPAASPath if octets == "2" else bgp.BGPPAAS4BytesPath
    asns = [65515, 65001] if octets == "2" else [65515, 4200000000]

    def path_of(numbers):
        return attribute_of(2, 0x40, whole(
            segments=[segment(segment_type=2, segment_value=numbers)]))

    origin = attribute_of(1, 0x40, bgp.BGPPAOrigin(origin=0))
    hop = attribute_of(3, 0x40, bgp.BGPPANextHop(next_hop="10.0.1.4"))
    known = [origin, path_of(asns), hop]
    more = [origin, path_of(asns + [65010]), hop] + [
        attribute_of(4, 0x80, bgp.BGPPAMultiExitDisc(med=77)),
        attribute_of(8, 0xc0, bgp.BGPPACommunity(community=0xffffff02)),
        attribute_of(32, 0xc0, Raw(bytes(range(12)))),
    ]
    old = ["10.0.0.0/8", "100.64.0.1/32", "0.0.0.0/0"]
    new = ["2001:db8:1::5/128", "2001:db8:8::/45"]
    routes = [bgp.BGPNLRI_IPv4(prefix=p) for p in old]
    bad = [attribute_of(1, 0x40, bgp.BGPPAOrigin(origin=9))]
    reach = attribute_of(14, 0x80, bgp.BGPPAMPReachNLRI(
        afi=2, safi=1, nh_addr_len=16, nh_v6_addr="2001:db8:2::5",
        nlri=[bgp.BGPNLRI_IPv6(prefix=p) for p in new]))
    unreach = attribute_of(15, 0x80, bgp.BGPPAMPUnreachNLRI(
        afi=2, safi=1, afi_safi_specific=bgp.BGPPAMPUnreachNLRI_IPv6(
            withdrawn_routes=[bgp.BGPNLRI_IPv6(prefix=new[0])])))
    nothing = attribute_of(15, 0x80, bgp.BGPPAMPUnreachNLRI(afi=2, safi=1))
    here, there = ("10.0.1.4", asns), ("2001:db8:2::5", asns)
    table = {}
    # RFC 7606: an ORIGIN that does not exist costs the routes, a second ORIGIN counts for
    # nothing.
    for fields, says, come, gone in [
        ({"path_attr": known, "nlri": routes}, "accept", dict.fromkeys(old, here), []),
        ({"path_attr": more, "nlri": routes[:1]}, "accept",
         {old[0]: ("10.0.1.4", asns + [65010])}, []),
        ({"path_attr": [reach, origin, path_of(asns)]}, "accept", dict.fromkeys(new, there), []),
        ({"path_attr": [unreach]}, "accept", {}, new[:1]),
        ({"withdrawn_routes": routes[1:]}, "accept", {}, old[1:]),
        ({}, "end-of-RIB", {}, []),
        ({"path_attr": [nothing]}, "end-of-RIB", {}, []),
        ({"path_attr": known + bad, "nlri": routes}, "accept", dict.fromkeys(old, here), []),
        ({"path_attr": bad + known[1:], "nlri": routes}, "treat as withdraw", {}, old),
    ]:
        table.update(come)
        for prefix in gone:
            del table[prefix]
        left = sorted("%s %s %s" % (prefix, *what) for prefix, what in table.items())
        put("UPDATE", octets, bgp.BGPHeader(type=2) / bgp.BGPUpdate(**fields),
            says + "|" + "; ".join(left))


def encode():
    put_opens()
    put_updates()
    put("KEEPALIVE", "4", bgp.BGPHeader(type=4), "")
    for afi in (1, 2):
        message = bgp.BGPHeader(type=5, len=23) / bgp.BGPRouteRefresh(afi=afi, safi=1)
        put("REFRESH", "4", message, "%d" % afi)
    for code, subcode, data, says in [
        (6, 2, b"\x0bmaintenance", "6/2 maintenance"), (6, 4, b"", "6/4"), (4, 0, b"", "4/0"),
    ]:
        message = bgp.BGPHeader(type=3) / bgp.BGPNotification(
            error_code=code, error_subcode=subcode, data=data)
        put("NOTIFICATION", "4", message, says)


if sys.argv[1] == "decode":
    decode(sys.argv[2])
else:
    encode()
