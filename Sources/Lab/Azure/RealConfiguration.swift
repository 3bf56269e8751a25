// The configurations of FRR and GoBGP in the place of a route server instance.

import Model
import Platform

/// Both listen and connect, like Azure's instances, have no graceful restart, keep a third-party
/// next hop, and tell the peers nothing.
enum RealConfiguration {
  static func frr(_ settings: ServerSettings, _ gateway: IPv4Address) -> String {
    let hold = settings.quirks.holdTime.seconds
    let keepalive = settings.quirks.keepalive.seconds
    var text = """
      hostname \(settings.name)
      router bgp \(settings.asn)
       bgp router-id \(settings.address)
       no bgp ebgp-requires-policy
       bgp graceful-restart-disable
       neighbor \(gateway) remote-as \(settings.asn)
       neighbor \(gateway) passive

      """
    for peer in settings.peers {
      let neighbour = " neighbor \(peer.address)"
      text += """
        \(neighbour) remote-as \(peer.asn)
        \(neighbour) ebgp-multihop 255
        \(neighbour) timers \(keepalive) \(hold)
        \(neighbour) timers connect 2
        \(neighbour) route-map nothing out

        """
    }
    return text + "route-map nothing deny 10\n"
  }

  static func goBGP(_ settings: ServerSettings, _ gateway: IPv4Address) -> String {
    var text = """
      [global.config]
        as = \(settings.asn)
        router-id = "\(settings.address)"
      [global.apply-policy.config]
        default-export-policy = "reject-route"
        export-policy-list = ["to-fabric"]
      [[defined-sets.neighbor-sets]]
        neighbor-set-name = "fabric"
        neighbor-info-list = ["\(gateway)/32"]
      [[policy-definitions]]
        name = "to-fabric"
        [[policy-definitions.statements]]
          name = "all"
          [policy-definitions.statements.conditions.match-neighbor-set]
            neighbor-set = "fabric"
            match-set-options = "any"
          [policy-definitions.statements.actions]
            route-disposition = "accept-route"

      """
    let fabric = ServerPeer(name: "fabric", address: gateway, asn: settings.asn)
    for peer in settings.peers + [fabric] {
      text += """
        [[neighbors]]
          [neighbors.config]
            neighbor-address = "\(peer.address)"
            peer-as = \(peer.asn)
          [neighbors.timers.config]
            hold-time = \(settings.quirks.holdTime.seconds)
            keepalive-interval = \(settings.quirks.keepalive.seconds)
            connect-retry = 2

        """
      // Multihop is for other AS only.
      if peer.asn != settings.asn {
        text += """
            [neighbors.ebgp-multihop.config]
              enabled = true
              multihop-ttl = 255

          """
      }
    }
    return text
  }
}
