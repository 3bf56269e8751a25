// The configuration files of the BIRDs that play route server and fabric.

package import Model

/// Texts for BIRD 2; each is checked with `bird -p` before a BIRD is started with it.
package enum BirdConfiguration {
  /// Times with microseconds, in the form that `Moment(birdText:)` reads.
  private static let head = """
    timeformat route iso long us;
    timeformat protocol iso long us;
    protocol device { }

    """

  /// A BGP neighbour and the name of its protocol.
  package struct Neighbour: Sendable {
    package var name: String
    package var address: IPv4Address
    package var asn: ASNumber

    package init(name: String, address: IPv4Address, asn: ASNumber) {
      self.name = name
      self.address = address
      self.asn = asn
    }
  }

  /// One route server instance: learns from appliances over more than one hop, announces nothing to
  /// them, and hands what it chose to the fabric. Like Azure's it both listens and connects, speaks
  /// no graceful restart and keeps a third-party next hop.
  package static func routeServer(
    address: IPv4Address, asn: ASNumber, gateway: IPv4Address, reachable: [Prefix],
    appliances: [Neighbour], holdTime: Nanoseconds = .seconds(180)
  ) -> String {
    var text = "log stderr all;\nrouter id \(address);\n" + head
    text += "protocol static underlay {\n  ipv4;\n"
    for prefix in reachable { text += "  route \(prefix) via \(gateway);\n" }
    text += """
      }
      template bgp appliance {
        local \(address) as \(asn);
        multihop;
        graceful restart off;
        hold time \(holdTime.seconds);
        connect delay time 1;
        connect retry time 5;
        error wait time 1, 5;
        ipv4 { import all; export none; };
      }

      """
    for appliance in appliances {
      text += "protocol bgp \(appliance.name) from appliance {\n"
      text += "  neighbor \(appliance.address) as \(appliance.asn);\n}\n"
    }
    text += """
      protocol bgp fabric {
        local \(address) as \(asn);
        neighbor \(gateway) as \(asn);
        direct;
        passive;
        ipv4 { import none; export where source = RTS_BGP; };
      }

      """
    return text
  }

  /// The fabric: learns from every instance and programs the kernel, all equally good next hops at
  /// once.
  package static func fabric(routerID: IPv4Address, asn: ASNumber, instances: [Neighbour])
    -> String
  {
    var text = "log stderr all;\nrouter id \(routerID);\n" + head
    text += """
      protocol direct { ipv4; }
      protocol kernel {
        merge paths yes;
        ipv4 { import none; export where source = RTS_BGP; };
      }
      template bgp uplink {
        direct;
        connect delay time 1;
        connect retry time 1;
        ipv4 { import all; export none; gateway recursive; };
      }

      """
    for instance in instances {
      text += "protocol bgp \(instance.name) from uplink {\n"
      text += "  local as \(asn);\n  neighbor \(instance.address) as \(instance.asn);\n}\n"
    }
    return text
  }

  /// A plain speaker that announces one prefix as itself, its AS number `repeated` times in the
  /// path. Tests use it where a real BGP speaker other than ours is wanted.
  package static func speaker(
    address: IPv4Address, asn: ASNumber, prefix: Prefix, repeated: Int, peers: [Neighbour],
    holdTime: Nanoseconds = .seconds(30)
  ) -> String {
    var text = "log stderr all;\nrouter id \(address);\n" + head
    text += "protocol static vip { ipv4; route \(prefix) blackhole; }\n"
    text += "filter announce {\n"
    for _ in 1..<max(repeated, 1) { text += "  bgp_path.prepend(\(asn));\n" }
    text += """
        accept;
      }
      template bgp uplink {
        local \(address) as \(asn);
        multihop;
        hold time \(holdTime.seconds);
        connect delay time 1;
        connect retry time 1;
        error wait time 1, 2;
        ipv4 { import none; export filter announce; next hop self; };
      }

      """
    for peer in peers {
      text += "protocol bgp \(peer.name) from uplink {\n"
      text += "  neighbor \(peer.address) as \(peer.asn);\n}\n"
    }
    return text
  }
}
