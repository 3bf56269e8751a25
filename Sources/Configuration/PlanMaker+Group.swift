// Makes the group of speakers, and the damping window of the route servers.
import Model

extension PlanMaker {
  /// Nil when there is none, or when it is wrong and that has been said.
  mutating func group() -> Plan.Group? {
    guard let section = root.section(.group) else { return nil }
    let address =
      section.field(.address) == nil ? localAddress : section.value(.address)?.ipv4Address
    checkFellows(section, address)
    checkTimes(section)
    guard let address, let peers = section.list(.peers), let port = section.number(.port),
      let keyFile = section.file(.keyFile), let interval = section.value(.interval)?.duration,
      let timeout = section.value(.timeout)?.duration
    else { return nil }
    return Plan.Group(
      peers: peers.compactMap(\.ipv4Address), address: address,
      port: UInt16(truncatingIfNeeded: port), keyFile: keyFile, interval: interval,
      timeout: timeout)
  }

  private mutating func checkFellows(_ section: Section, _ own: IPv4Address?) {
    let items = section.entries(.peers)
    let path = section.path(.peers)
    var seen: [IPv4Address] = []
    for item in items {
      guard let address = item.ipv4Address else { continue }
      if seen.contains(address) {
        problems.error(
          item.position, path, "\(address) stands here twice",
          suggestion: "remove one of the two")
      }
      seen.append(address)
      if address == own || address == localAddress {
        problems.error(
          item.position, path, "\(address) is this machine; the peers are the other speakers",
          suggestion: "remove it")
      }
      if isRouteServer(address) {
        problems.error(
          item.position, path,
          "\(address) is a route server; the peers are other machines with "
            + "hopshift")
      }
    }
    guard let whole = section.list(.peers), let field = section.field(.peers) else { return }
    if whole.isEmpty {
      problems.error(field.position, path, "needs the address of at least one other speaker")
    }
    let speakers = whole.count + 1
    if speakers > PlanMaker.usualSpeakers {
      let claims = Int(Rung.takeovers) + 1
      let least = claims / speakers
      let each = claims % speakers == 0 ? "\(least)" : "\(least) or \(least + 1)"
      problems.warn(
        field.position, path,
        "\(speakers) speakers share the \(claims) rungs of the ladder: each has \(each) of its "
          + "own, and no more claims in a row",
        suggestion: "two or three speakers are enough for most VIPs")
    }
  }

  private func isRouteServer(_ address: IPv4Address) -> Bool {
    guard let servers = root.section(.routeServers) else { return false }
    for item in servers.entries(.peers) where item.ipv4Address == address { return true }
    return false
  }

  /// Speakers of a group mean a VIP by the digest of its name.
  mutating func checkDigests(_ vips: [Section]) {
    guard root.field(.group) != nil,
      let (earlier, later) = VIPDigest.firstCollision(in: vips.map(\.name))
    else { return }
    problems.error(
      vips[later].position, vips[later].path,
      "in hello this name would be taken for \(vips[earlier].name): both have the same digest",
      suggestion: "give the VIP another name, on every speaker")
  }

  /// With less than two intervals one lost datagram would be taken for a death.
  private mutating func checkTimes(_ section: Section) {
    guard let interval = section.value(.interval), let length = interval.duration,
      let item = section.value(.timeout), let timeout = item.duration, timeout < length + length
    else { return }
    let isWritten = item.position != section.position
    problems.error(
      isWritten ? item.position : interval.position, section.path(.timeout),
      "\(DurationText.text(timeout)) is less than two intervals of "
        + "\(DurationText.text(length)): one lost datagram would count as a death",
      suggestion: "write timeout: \(DurationText.text(length * 5)), which is five of them")
  }

  /// Nil when it is wrong.
  func damping(_ servers: Section, _ platform: Plan.Platform) -> Plan.Damping? {
    let usual = platform.isAzure ? Plan.Damping.azure : Plan.Damping.none
    guard servers.field(.damping) != nil else { return usual }
    guard let section = servers.section(.damping), let scope = section.word(.scope) else {
      return nil
    }
    let window = section.field(.window) == nil ? usual.window : section.value(.window)?.duration
    guard let window else { return nil }
    return Plan.Damping(window: window, isShared: scope == "all")
  }

  /// More than these leave each speaker a short ladder. We chose it.
  static let usualSpeakers = 3
}
