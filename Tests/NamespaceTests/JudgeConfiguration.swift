// What each judge is configured with: the same session in five languages.

import Lab
import Model

/// How a judge is to behave; what is not said is as every test wants it.
struct Manner {
  /// Which side opens the connection.
  enum Way: CaseIterable {
    case both, weConnect, judgeConnects
  }

  var way = Way.both
  var holdTime = 9
  var password: String?
  /// It knows AS numbers of two octets only.
  var isNarrow = false
  /// The number by which it knows us.
  var peerASN = VirtualNetwork.applianceASN
  /// It is told to offer messages of 65,535 octets.
  var isExtended = false
  /// It asks the kernel for small buffers, when it asks for any.
  var hasSmallBuffers = false

  /// Where it listens; nobody connects to the other port.
  var port: Int { way == .judgeConnects ? 1790 : 179 }
}

extension Judge {
  /// Whether it can do this at all.
  func can(_ manner: Manner) -> Bool {
    switch self {
    // GoBGP has no switch for the capability, Debian's OpenBGPD none for longer messages.
    case .gobgp: !manner.isNarrow && !manner.isExtended
    case .openbgpd: !manner.isExtended
    case .bird, .frr, .exabgp: true
    }
  }

  func configuration(_ lab: Lab, _ manner: Manner) -> String {
    switch self {
    case .bird: bird(manner)
    case .frr: frr(manner)
    case .gobgp: goBGP(manner)
    case .openbgpd: openBGPD(lab, manner)
    case .exabgp: exaBGP(lab, manner)
    }
  }

  private static let server = VirtualNetwork.serverASN

  /// The lines whose condition holds, each with this many blanks in front.
  private func lines(_ blanks: Int, _ lines: [(Bool, String)]) -> String {
    let margin = String(repeating: " ", count: blanks)
    return lines.filter(\.0).map { margin + $0.1 + "\n" }.joined()
  }

  private func bird(_ manner: Manner) -> String {
    """
    log stderr all;
    router id \(Duel.judge);
    protocol device { }
    protocol static underlay { ipv4; route 10.0.2.0/24 via 10.0.1.1; }
    protocol bgp a {
      local \(Duel.judge) port \(manner.port) as \(Judge.server);
      neighbor \(Duel.appliance) as \(manner.peerASN);
      multihop;
      hold time \(manner.holdTime);
      connect delay time 1;
      connect retry time 2;
      error wait time 1, 2;
      ipv4 { import all; export none; };
      ipv6 { import all; export none; };

    """
      + lines(
        2,
        [
          (manner.way == .weConnect, "passive;"),
          (manner.password != nil, "password \"\(manner.password ?? "")\";"),
          (manner.isNarrow, "enable as4 off;"),
          (manner.isExtended, "enable extended messages on;"),
        ]) + "}\n"
  }

  private func frr(_ manner: Manner) -> String {
    let neighbour = "neighbor \(Duel.appliance)"
    return """
      hostname judge
      router bgp \(Judge.server)
       bgp router-id \(Duel.judge)
       no bgp ebgp-requires-policy
       \(neighbour) remote-as \(manner.peerASN)
       \(neighbour) ebgp-multihop 5
       \(neighbour) timers \(manner.holdTime / 3) \(manner.holdTime)
       \(neighbour) timers connect 2

      """
        + lines(
          1,
          [
            (manner.way == .weConnect, "\(neighbour) passive"),
            (manner.password != nil, "\(neighbour) password \(manner.password ?? "")"),
            (manner.isNarrow, "\(neighbour) dont-capability-negotiate"),
            (true, "address-family ipv6 unicast"),
            (true, " \(neighbour) activate"),
            (true, "exit-address-family"),
          ])
  }

  private func goBGP(_ manner: Manner) -> String {
    """
    [global.config]
      as = \(Judge.server)
      router-id = "\(Duel.judge)"
      port = \(manner.port)
    [[neighbors]]
      [neighbors.config]
        neighbor-address = "\(Duel.appliance)"
        peer-as = \(manner.peerASN)

    """ + lines(4, [(manner.password != nil, "auth-password = \"\(manner.password ?? "")\"")])
      + lines(
        2,
        [
          (manner.way == .weConnect, "[neighbors.transport.config]"),
          (manner.way == .weConnect, "  passive-mode = true"),
        ])
        + """
          [neighbors.ebgp-multihop.config]
            enabled = true
            multihop-ttl = 5
          [neighbors.timers.config]
            hold-time = \(manner.holdTime)
            keepalive-interval = \(manner.holdTime / 3)
            connect-retry = 2
          [[neighbors.afi-safis]]
            [neighbors.afi-safis.config]
              afi-safi-name = "ipv4-unicast"
          [[neighbors.afi-safis]]
            [neighbors.afi-safis.config]
              afi-safi-name = "ipv6-unicast"

        """
  }

  private func openBGPD(_ lab: Lab, _ manner: Manner) -> String {
    """
    AS \(Judge.server)
    router-id \(Duel.judge)
    listen on \(Duel.judge) port \(manner.port)
    fib-update no
    socket "\(lab.directory)/bgpd.sock"
    neighbor \(Duel.appliance) {
      remote-as \(manner.peerASN)
      multihop 5
      holdtime \(manner.holdTime)
      announce IPv4 unicast
      announce IPv6 unicast

    """
      + lines(
        2,
        [
          (manner.way == .weConnect, "passive"),
          (manner.password != nil, "tcp md5sig password \(manner.password ?? "")"),
          (manner.isNarrow, "announce as-4byte no"),
        ]) + "}\nallow from any\n"
  }

  private func exaBGP(_ lab: Lab, _ manner: Manner) -> String {
    """
    process watch {
      run /usr/bin/tee \(lab.directory)/heard.json;
      encoder json;
    }
    neighbor \(Duel.appliance) {
      router-id \(Duel.judge);
      local-address \(Duel.judge);
      local-as \(Judge.server);
      peer-as \(manner.peerASN);
      hold-time \(manner.holdTime);
      family { ipv4 unicast; ipv6 unicast; }
      capability {
        asn4 \(manner.isNarrow ? "disable" : "enable");
        extended-message \(manner.isExtended ? "enable" : "disable");
      }
      api { processes [ watch ]; receive { parsed; update; } }

    """
      + lines(
        2,
        [
          (manner.way == .weConnect, "passive;"),
          (manner.way == .weConnect, "listen 179;"),
          (manner.password != nil, "md5-password \"\(manner.password ?? "")\";"),
        ]) + "}\n"
  }
}
