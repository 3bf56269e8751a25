// Judges what was seen on the wire: one UPDATE per shift and instance, nothing ever withdrawn.

package import Model
package import Platform

/// What a shift must look like at every route server instance.
package struct ExpectedShift: Sendable {
  package var prefix: Prefix
  /// Who must announce it, as source and as next hop.
  package var claimant: IPv4Address
  package var speakers: [IPv4Address]
  /// Path length that the claim has to stay below, when there is an incumbent.
  package var shorterThan: Int?
  package var from: Moment
  package var until: Moment

  package init(
    prefix: Prefix, claimant: IPv4Address, speakers: [IPv4Address], shorterThan: Int?,
    from: Moment, until: Moment
  ) {
    self.prefix = prefix
    self.claimant = claimant
    self.speakers = speakers
    self.shorterThan = shorterThan
    self.from = from
    self.until = until
  }
}

/// The records of one route server instance, and what they prove.
package struct WireJudge: Sendable {
  package var instance: String
  package var records: [WireRecord]
  package var endings: [(moment: Moment, source: Endpoint, destination: Endpoint)]

  package init(instance: String, reader: WireReader) {
    self.instance = instance
    records = reader.records
    endings = reader.endings
  }

  /// UPDATEs that speakers sent, without End-of-RIB, oldest first.
  package func updates(from speakers: [IPv4Address]) -> [(record: WireRecord, update: WireUpdate)] {
    var found: [(record: WireRecord, update: WireUpdate)] = []
    for record in records where speakers.contains(record.source.address) {
      if case .update(let update) = record.message, !update.isEndOfRIB {
        found.append((record, update))
      }
    }
    return found
  }

  /// Everything wrong with a shift here; empty when it was one UPDATE and the right one.
  package func faults(of shift: ExpectedShift) -> [String] {
    let seen = updates(from: shift.speakers).filter {
      shift.from <= $0.record.moment && $0.record.moment <= shift.until
    }
    guard seen.count == 1, let (record, update) = seen.first else {
      let list = seen.map { "\($0.record.source.address): \($0.update)" }
      return ["\(instance): \(seen.count) UPDATEs where one was expected \(list)"]
    }
    var faults: [String] = []
    if record.source.address != shift.claimant {
      faults.append("\(instance): the UPDATE came from \(record.source.address)")
    }
    if update.announced != [shift.prefix] || update.nextHop != shift.claimant || update.withdraws {
      faults.append("\(instance): it says: \(update)")
    }
    if let limit = shift.shorterThan, update.path.count >= limit {
      faults.append("\(instance): its path of \(update.path.count) does not beat \(limit)")
    }
    return faults
  }

  /// Everything that must never be seen between `speakers` and this instance up to `end`: a
  /// withdrawal, a NOTIFICATION, a connection that ended, bytes that could not be read. When both
  /// sides connect at once, one of the two connections has to give way: that is no fault.
  package func faultsOfWholeRun(speakers: [IPv4Address], until end: Moment) -> [String] {
    var faults: [String] = []
    let yielded = self.yielded
    for record in records
    where record.moment <= end && !yielded.contains([record.source, record.destination]) {
      let isOurs =
        speakers.contains(record.source.address) || speakers.contains(record.destination.address)
      guard isOurs else { continue }
      let place = "\(instance): \(record.source.address) -> \(record.destination.address)"
      switch record.message {
      case .update(let update) where update.withdraws: faults.append("\(place): \(update)")
      case .notification, .unreadable: faults.append("\(place): \(record.message)")
      default: break
      }
    }
    for ending in endings
    where ending.moment <= end && !yielded.contains([ending.source, ending.destination]) {
      let isOurs =
        speakers.contains(ending.source.address) || speakers.contains(ending.destination.address)
      if isOurs {
        faults.append("\(instance): \(ending.source.address) ended a connection that had spoken")
      }
    }
    return faults
  }

  /// The connections that lost a collision (Cease, Connection Collision Resolution) before they
  /// carried a route.
  private var yielded: Set<Set<Endpoint>> {
    var yielded: Set<Set<Endpoint>> = []
    for record in records {
      if case .notification(code: 6, subcode: 7) = record.message {
        yielded.insert([record.source, record.destination])
      }
    }
    for record in records {
      if case .update = record.message { yielded.remove([record.source, record.destination]) }
    }
    return yielded
  }
}
