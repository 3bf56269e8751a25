// Real BGP speakers as appliances in front of a simulated instance: one prefix, one session.

import Lab
import Linux
import Model

/// Each announces the VIP from `a` to `rs1`, with itself as next hop.
enum AzureSpeaker: String, CaseIterable {
  case bird, frr, gobgp

  var program: String {
    switch self {
    case .bird: "birdc"
    case .frr: "vtysh"
    case .gobgp: "gobgpd"
    }
  }

  /// Starts it on `a`.
  func start(_ lab: Lab) throws(LabError) {
    let server = try AzureKit.address("rs1", lab)
    switch self {
    case .bird:
      let text = BirdConfiguration.speaker(
        address: try AzureKit.address("a", lab), asn: VirtualNetwork.applianceASN,
        prefix: VirtualNetwork.vipPrefix, repeated: 1,
        peers: [.init(name: "rs1", address: server, asn: VirtualNetwork.serverASN)])
      _ = try Bird(
        lab, on: "a", configuration: text.replacing("import none", with: "import all"))
    case .frr:
      let directory = "\(lab.directory)/a.vty"
      try lab.shell.run(["install", "-d", "-m", "0777", directory])
      try lab.shell.run(["chmod", "0755", lab.directory])
      let path = try lab.write("a.conf", AzureSpeaker.frr(server))
      _ = try lab.start(
        "a.frr",
        [
          "/usr/lib/frr/bgpd", "-n", "-S", "-f", path, "-i", "\(directory)/bgpd.pid",
          "--vty_socket", directory, "-z", "\(directory)/no-zebra", "-P", "0",
        ], on: "a")
    case .gobgp:
      let path = try lab.write("a.conf", AzureSpeaker.goBGP(server))
      _ = try lab.start("a.gobgp", ["gobgpd", "-f", path], on: "a")
      try Waiting.until("GoBGP to take the route", within: .seconds(20)) { () throws(LabError) in
        let words = [
          "gobgp", "global", "rib", "add", "\(VirtualNetwork.vipPrefix)", "nexthop", "10.0.2.10",
        ]
        let answer = try lab.shell.attempt(words, in: lab.namespace(of: "a"))
        return answer.status == 0 ? nil : answer.output.trimmed
      }
    }
  }

  /// Its table.
  func table(_ lab: Lab) throws(LabError) -> String {
    switch self {
    case .bird:
      try lab.run(
        ["birdc", "-s", "\(lab.directory)/a.ctl", "show", "route", "all"], on: "a")
    case .frr:
      try lab.run(
        ["vtysh", "--vty_socket", "\(lab.directory)/a.vty", "-c", "show bgp ipv4 unicast"],
        on: "a")
    case .gobgp: try lab.run(["gobgp", "global", "rib"], on: "a")
    }
  }

  private static func frr(_ server: IPv4Address) -> String {
    """
    hostname a
    router bgp \(VirtualNetwork.applianceASN)
     bgp router-id 10.0.2.10
     no bgp ebgp-requires-policy
     no bgp network import-check
     neighbor \(server) remote-as \(VirtualNetwork.serverASN)
     neighbor \(server) ebgp-multihop 5
     neighbor \(server) timers 3 9
     neighbor \(server) timers connect 2
     address-family ipv4 unicast
      network \(VirtualNetwork.vipPrefix)
     exit-address-family
     address-family ipv6 unicast
      neighbor \(server) activate
     exit-address-family

    """
  }

  private static func goBGP(_ server: IPv4Address) -> String {
    """
    [global.config]
      as = \(VirtualNetwork.applianceASN)
      router-id = "10.0.2.10"
    [[neighbors]]
      [neighbors.config]
        neighbor-address = "\(server)"
        peer-as = \(VirtualNetwork.serverASN)
      [neighbors.ebgp-multihop.config]
        enabled = true
        multihop-ttl = 5
      [neighbors.timers.config]
        hold-time = 9
        keepalive-interval = 3
        connect-retry = 2

    """
  }
}
