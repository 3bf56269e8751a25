// The routing tables of the fabric's kernel, kept equal to the effective routes of each subnet.

import Linux
import Model
import Platform

/// One subnet's table.
struct FabricSubnet {
  var name: String
  /// The kernel's number of the table.
  var table: UInt32
  var routes: EffectiveRoutes
  /// What the kernel was given.
  var installed: [Prefix: RouteSocket.Target] = [:]
  /// Next hops that nobody has, by the prefixes that lead there.
  var strange: [Prefix: IPAddress] = [:]
}

/// Something that packets can be handed to without a further machine.
struct FabricDevice {
  var prefix: Prefix
  var interface: Int32
}

/// Turns effective routes into kernel routes, one prefix at a time.
struct FabricKernel: ~Copyable {
  private var socket: RouteSocket
  private let devices: [FabricDevice]

  init(devices: [FabricDevice]) throws(Errno) {
    socket = try RouteSocket()
    self.devices = devices
  }

  /// Everything that a change of the route to `prefix` can touch.
  func touched(by prefix: Prefix) -> [Prefix] {
    [prefix] + devices.map(\.prefix).filter { prefix.contains($0) && $0 != prefix }
  }

  /// Every prefix that may be in the table of a subnet.
  func prefixes(of subnet: FabricSubnet) -> [Prefix] {
    let named = subnet.routes.prefixes + devices.map(\.prefix) + subnet.installed.keys
    var found: [Prefix] = []
    for prefix in named.sorted() where found.last != prefix { found.append(prefix) }
    return found
  }

  /// Makes the kernel follow the route to one prefix; nil when nothing had to be changed.
  mutating func follow(_ prefix: Prefix, in subnet: inout FabricSubnet) -> FabricEvent? {
    let (target, strange) = target(of: prefix, in: subnet)
    guard target != subnet.installed[prefix] || strange != subnet.strange[prefix] else {
      return nil
    }
    subnet.strange[prefix] = strange
    var event = FabricEvent(
      before: Moment(nanoseconds: 0), after: Moment(nanoseconds: 0), subnet: subnet.name,
      prefix: prefix, what: FabricKernel.word(for: target), hops: FabricKernel.hops(of: target))
    if let strange {
      event.what = .refused
      event.reason = "no machine of the network has \(strange)"
    }
    do throws(Errno) {
      let bracket =
        if let target {
          try socket.set(prefix, to: target, table: subnet.table)
        } else {
          try socket.remove(prefix, table: subnet.table)
        }
      event.before = Moment(nanoseconds: bracket.before.nanoseconds)
      event.after = Moment(nanoseconds: bracket.after.nanoseconds)
      subnet.installed[prefix] = target
    } catch {
      let now = Moment(nanoseconds: Clock.wall().nanoseconds)
      (event.before, event.after) = (now, now)
      event.what = .refused
      event.reason = "\(error)"
    }
    return event
  }

  /// Where packets to a prefix go; nil: no route of its own. With it a next hop that nobody has, if
  /// there is no other.
  private func target(
    of prefix: Prefix, in subnet: FabricSubnet
  ) -> (target: RouteSocket.Target?, strange: IPAddress?) {
    if let device = devices.first(where: { $0.prefix == prefix }) {
      // A part of the virtual network, unless a route leads all of it elsewhere.
      guard let route = subnet.routes.covering(prefix) else { return (nil, nil) }
      if route.nextHop == .vnetLocal { return (.link(interface: device.interface), nil) }
      return route.prefix == prefix ? target(of: route) : (nil, nil)
    }
    guard let route = subnet.routes.active(prefix) else { return (nil, nil) }
    return target(of: route)
  }

  private func target(
    of route: EffectiveRoute
  ) -> (target: RouteSocket.Target?, strange: IPAddress?) {
    guard case .virtualAppliance(let hops) = route.nextHop else {
      // Of the virtual network only what hangs on a device is there; all else leads out of the lab.
      return (.blackhole, nil)
    }
    let found = hops.compactMap { hop in
      interface(to: hop).map { RouteSocket.Hop(address: hop, interface: $0) }
    }
    return found.isEmpty ? (.blackhole, hops.first) : (.via(found), nil)
  }

  private func interface(to address: IPAddress) -> Int32? {
    guard let host = Prefix(address, length: address.width) else { return nil }
    let holders = devices.filter { $0.prefix.contains(host) }
    return holders.max { $0.prefix.length < $1.prefix.length }?.interface
  }

  private static func word(for target: RouteSocket.Target?) -> FabricEvent.What {
    switch target {
    case .via: .forwards
    case .link: .delivers
    case .blackhole: .drops
    case nil: .gone
    }
  }

  private static func hops(of target: RouteSocket.Target?) -> [IPAddress] {
    if case .via(let hops)? = target { hops.map(\.address) } else { [] }
  }
}
