// Hellos that the tests write, read and damage.

import Hello
import Model

enum Sample {
  static let header = HelloHeader(
    sender: IPv4Address(10, 0, 2, 20), start: 0x0102_0304_0506_0708,
    sequence: 0x1112_1314_1516_1718,
    pauses: 0x2122_2324)

  static let entry = HelloEntry(
    vip: VIPDigest("web"), epoch: 7, rung: .owner, rank: 3, flags: [.wants, .holdsAddress],
    nextHop: IPv4Address(10, 0, 2, 20))

  /// A body with `entries` entries and the trailers given.
  static func body(
    _ header: HelloHeader = header, entries: Int = 1, trailers: [(UInt16, [UInt8])] = []
  ) -> [UInt8] {
    var writer = HelloWriter()
    writer.begin(header)
    for index in 0..<entries {
      var entry = entry
      entry.epoch = UInt32(index)
      writer.add(entry)
    }
    for (kind, value) in trailers { writer.addTrailer(kind: kind, value.span) }
    return writer.bytes
  }

  /// What a reader makes of the bytes; the walk over everything is part of it.
  static func read(_ bytes: [UInt8]) -> Result<[HelloEntry], HelloError> {
    do throws(HelloError) {
      let reader = try HelloReader(bytes.span)
      var entries: [HelloEntry] = []
      for index in 0..<reader.count {
        guard let entry = reader.entry(index, of: bytes.span) else { return .failure(.badRung) }
        entries.append(entry)
      }
      var trailer = reader.trailer(after: nil, of: bytes.span)
      while let found = trailer {
        guard found.value.upperBound <= bytes.count else { return .failure(.badTrailer) }
        trailer = reader.trailer(after: found, of: bytes.span)
      }
      return .success(entries)
    } catch {
      return .failure(error)
    }
  }
}

extension Sample {
  /// A Plan of VIPs with these names.
  static func plan(_ names: [String]) -> Plan {
    let address = IPv4Address(10, 0, 2, 10)
    let vips = names.enumerated().map { index, name in
      let own = IPv4Address(bits: 0x0a01_0000 + UInt32(index))
      return Plan.VIP(
        name: name, prefixes: [], owner: Plan.Owner(address: .v4(own), interfaces: []))
    }
    return Plan(
      local: Plan.Local(asn: ASNumber(65_001), address: address, identifier: address),
      routeServers: Plan.RouteServers(
        platform: .generic, asn: ASNumber(65_515), holdTime: .seconds(30), peers: []),
      vips: vips)
  }
}
