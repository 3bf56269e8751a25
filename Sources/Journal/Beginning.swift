// What a replay begins with: the configuration, the names behind its numbers, and the engine's start.

package import Model

/// The first record of a journal. Numbers in later records are places in these lists of names, so
/// that a journal can be played against a configuration that numbers things otherwise.
package struct Beginning: Equatable, Sendable {
  /// The version of hopshift that recorded it.
  package var release: String
  package var seed: UInt64
  /// The number of the run.
  package var run: UInt64
  /// What to add to a time of this journal to get nanoseconds since 1970; for people only.
  package var wallOffset: Int64
  /// The configuration file as it was read.
  package var configuration: [UInt8]
  package var routeServers: [String]
  package var fellows: [String]
  package var vips: [String]
  package var hosts: [String]
  /// Each piece of evidence: host and what is looked at.
  package var targets: [String]
  /// The engine's state; empty: it begins here.
  package var state: [UInt8]

  package init(
    release: String, seed: UInt64, run: UInt64, wallOffset: Int64, configuration: [UInt8],
    routeServers: [String] = [], fellows: [String] = [], vips: [String] = [],
    hosts: [String] = [], targets: [String] = [], state: [UInt8] = []
  ) {
    self.release = release
    self.seed = seed
    self.run = run
    self.wallOffset = wallOffset
    self.configuration = configuration
    self.routeServers = routeServers
    self.fellows = fellows
    self.vips = vips
    self.hosts = hosts
    self.targets = targets
    self.state = state
  }

  private var lists: [[String]] { [routeServers, fellows, vips, hosts, targets] }

  /// The whole record.
  package func encoded(at time: Instant) -> [UInt8] {
    var size = JournalLimits.overhead + release.utf8.count + configuration.count + state.count + 64
    for list in lists { for name in list { size += name.utf8.count + 10 } }
    var writer = JournalWriter(capacity: size)
    writer.begin(.beginning, at: time)
    writer.write(text: release)
    writer.write(seed)
    writer.write(run)
    writer.write(UInt64(bitPattern: wallOffset))
    writer.write(number: UInt64(configuration.count))
    writer.write(configuration.span)
    for list in lists {
      writer.write(number: UInt64(list.count))
      for name in list { writer.write(text: name) }
    }
    writer.write(number: UInt64(state.count))
    writer.write(state.span)
    writer.end()
    return Array(writer.bytes)
  }

  /// Reads the payload of a record; nil when it holds something else.
  package init?(_ bytes: Span<UInt8>, _ payload: Range<Int>) {
    var fields = Field(bytes, payload)
    guard let release = fields.text(in: bytes, limit: JournalLimits.text),
      let seed = fields.number64(in: bytes), let run = fields.number64(in: bytes),
      let wall = fields.number64(in: bytes),
      let configuration = fields.piece(in: bytes, limit: JournalLimits.record),
      let routeServers = Beginning.names(&fields, bytes),
      let fellows = Beginning.names(&fields, bytes), let vips = Beginning.names(&fields, bytes),
      let hosts = Beginning.names(&fields, bytes), let targets = Beginning.names(&fields, bytes),
      let state = fields.piece(in: bytes, limit: JournalLimits.record), fields.rest.isEmpty
    else { return nil }
    self.init(
      release: release, seed: seed, run: run, wallOffset: Int64(bitPattern: wall),
      configuration: configuration.map { bytes[$0] }, routeServers: routeServers,
      fellows: fellows, vips: vips, hosts: hosts, targets: targets,
      state: state.map { bytes[$0] })
  }

  private static func names(_ fields: inout Field, _ bytes: Span<UInt8>) -> [String]? {
    guard let count = fields.number(in: bytes), count <= UInt64(JournalLimits.names) else {
      return nil
    }
    var names: [String] = []
    for _ in 0..<count {
      guard let name = fields.text(in: bytes, limit: JournalLimits.text) else { return nil }
      names.append(name)
    }
    return names
  }
}
