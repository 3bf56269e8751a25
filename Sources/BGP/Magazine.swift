// UPDATEs encoded before they are needed, some volleys for each VIP and peer, in reserved memory.

import Bytes
package import Model

/// All volleys. For each VIP and peer there are `volleysPerPeer`: the one that stands now, and
/// those that may come next. Arming one more replaces the one that was armed longest ago.
package struct Magazine: ~Copyable {
  private let contents: [VolleyContent]
  /// By VIP: a number that VIPs with equal attributes share.
  private let styles: [UInt32]
  /// The IPv4 prefixes of the VIPs that have few, one behind the other, and where each VIP's begin.
  /// In a mass shift they are copied from here: one piece of memory, read from end to end.
  let fewPrefixes: [UInt8]
  private let fewStarts: [UInt32]
  private let peers: Int
  private let localASN: ASNumber
  private let routeLimit: Int
  private var chambers: [Chamber]
  /// By chamber: what a mass shift has to know of it, side by side in little memory.
  private var marks: [Mark]
  private var voices = Voices()
  private var scratch: Writer
  private var lastGeneration: UInt32 = 0

  private let volleysPerPeer: Int

  /// What a volley says of one family.
  private struct Part {
    var count: UInt32 = 0
    var messages: UInt32 = 0
    /// The same in each message.
    var frame: UpdateFrame
  }

  /// One place for a volley.
  private struct Chamber {
    /// The UPDATEs for IPv4 prefixes, behind them those for IPv6 prefixes.
    var bytes: [UInt8]
    var ipv4 = Part(frame: UpdateFrame(.ipv4Unicast, head: 0, tail: 0))
    var ipv6 = Part(frame: UpdateFrame(.ipv6Unicast, head: 0, tail: 0))
    /// What is announced; nil when nothing is armed here.
    var key: AnnouncementKey?
    var epoch: UInt32 = 0
    /// Raised when other bytes are put here; part of the volley's name.
    var generation: UInt32 = 0
    /// When it was last armed, in arms; the lower one is replaced first.
    var age: UInt32 = 0
  }

  private struct Mark {
    /// The same as the chamber's.
    var generation: UInt32 = 0
    /// The same as the chamber's.
    var epoch: UInt32 = 0
    /// Two of the same voice say the same of their prefixes, in one UPDATE, of few IPv4 prefixes
    /// and nothing else. A volley that is not so simple has none.
    var voice = Voices.none
  }

  /// `contents` by `VIPSlot`. Reserves room for the longest volley of each. With `platformLimit`,
  /// no UPDATE carries more routes than that allows beside all that is held already.
  package init(
    _ contents: [VolleyContent], peers: Int, localASN: ASNumber, platformLimit: Int? = nil,
    volleysPerPeer: Int = 2
  ) {
    precondition(volleysPerPeer >= 2, "what stands, and what may come next")
    self.contents = contents
    self.volleysPerPeer = volleysPerPeer
    self.peers = peers
    self.localASN = localASN
    let held = contents.reduce(0) { $0 + $1.count }
    routeLimit = platformLimit.map { max(1, $0 - held) } ?? .max
    styles = Magazine.styles(contents)
    (fewPrefixes, fewStarts) = Magazine.fewPrefixes(contents)
    chambers = []
    marks = Array(repeating: Mark(), count: contents.count * peers * volleysPerPeer)
    chambers.reserveCapacity(contents.count * peers * volleysPerPeer)
    var largest = 0
    var largestIPv6 = 0
    for content in contents {
      let ipv6 = Magazine.capacity(for: content.ipv6, content.attributes, localASN, routeLimit)
      let capacity =
        ipv6 + Magazine.capacity(for: content.ipv4, content.attributes, localASN, routeLimit)
      largest = max(largest, capacity)
      largestIPv6 = max(largestIPv6, ipv6)
      for _ in 0..<(peers * volleysPerPeer) {
        var chamber = Chamber(bytes: [])
        chamber.bytes.reserveCapacity(capacity)
        chambers.append(chamber)
      }
    }
    scratch = Writer(capacity: largest)
    longestIPv6 = largestIPv6
  }

  /// Octets of prefixes that are few. We chose it: up to twelve host prefixes; more are worth a
  /// copy of their own.
  private static let few = 64

  private static func fewPrefixes(_ contents: [VolleyContent]) -> ([UInt8], [UInt32]) {
    var bytes: [UInt8] = []
    var starts: [UInt32] = [0]
    starts.reserveCapacity(contents.count + 1)
    for content in contents {
      if content.ipv4.bytes.count <= few { bytes += content.ipv4.bytes }
      starts.append(UInt32(bytes.count))
    }
    return (bytes, starts)
  }

  private static func styles(_ contents: [VolleyContent]) -> [UInt32] {
    var known: [RouteAttributes: UInt32] = [:]
    return contents.map { content in
      if let style = known[content.attributes] { return style }
      let style = UInt32(known.count)
      known[content.attributes] = style
      return style
    }
  }

  /// The longest path and one community more, to a peer of either kind, in messages of the
  /// ordinary size.
  private static func capacity(
    for prefixes: EncodedPrefixes, _ attributes: RouteAttributes, _ localASN: ASNumber,
    _ routeLimit: Int
  ) -> Int {
    let sizes = [true, false].map { fourOctetAS in
      UpdateEncoder(
        localASN: localASN, fourOctetAS: fourOctetAS, extendedMessages: false,
        routeLimit: routeLimit
      ).size(of: prefixes, rung: .standby, attributes.shuttingDown)
    }
    return max(sizes[0], sizes[1])
  }

  /// How many bytes the longest volley has at most.
  package var longest: Int { scratch.capacity }
  /// The same for its UPDATEs of IPv6 prefixes.
  package let longestIPv6: Int

  /// Encodes an announcement of a VIP for one session, in the families that both sides speak. When
  /// it is armed already for this epoch the same volley is named again, and is now the younger of
  /// the two.
  @discardableResult
  package mutating func arm(
    _ vip: VIPSlot, for peer: PeerSlot, _ announcement: Announcement, negotiated: Negotiated,
    epoch: UInt32
  ) -> VolleyID {
    lastGeneration &+= 1
    let places = places(vip, peer)
    let key = AnnouncementKey(announcement, style: styles[vip.index])
    if let place = place(in: places, key, epoch) {
      // The age decides what is replaced next; the bytes, and with them the name, stay.
      chambers[place].age = lastGeneration
      return VolleyID(place: place, generation: chambers[place].generation)
    }
    let place = oldest(in: places)
    scratch.removeAll()
    let encoder = UpdateEncoder(localASN: localASN, negotiated, routeLimit: routeLimit)
    var attributes = contents[vip.index].attributes
    if announcement.isShuttingDown { attributes = attributes.shuttingDown }
    let spoken = negotiated.families
    chambers[place].ipv4 = write(
      contents[vip.index].ipv4, announcement, attributes, encoder, spoken)
    chambers[place].ipv6 = write(
      contents[vip.index].ipv6, announcement, attributes, encoder, spoken)
    chambers[place].bytes.removeAll(keepingCapacity: true)
    chambers[place].bytes.append(contentsOf: scratch.bytes)
    chambers[place].key = key
    chambers[place].epoch = epoch
    chambers[place].generation = lastGeneration
    chambers[place].age = lastGeneration
    marks[place] = Mark(
      generation: lastGeneration, epoch: epoch, voice: voice(of: place, vip, key))
    return VolleyID(place: place, generation: lastGeneration)
  }

  private mutating func voice(of place: Int, _ vip: VIPSlot, _ key: AnnouncementKey) -> UInt32 {
    let hasFew = fewStarts[vip.index] < fewStarts[vip.index + 1]
    // Behind the prefixes of a withdrawal something stands.
    guard hasFew, !key.isWithdrawal, chambers[place].ipv4.messages == 1,
      chambers[place].ipv6.messages == 0
    else { return Voices.none }
    return voices.number(of: key)
  }

  /// Writes one family into the scratch memory, when the session has it.
  private mutating func write(
    _ prefixes: EncodedPrefixes, _ announcement: Announcement, _ attributes: RouteAttributes,
    _ encoder: UpdateEncoder, _ spoken: Families
  ) -> Part {
    let isWithdrawal = announcement.isWithdrawal
    var part = Part(
      frame: isWithdrawal
        ? encoder.withdrawalFrame(prefixes.family)
        : encoder.frame(prefixes.family, announcement.rung, attributes))
    guard spoken.contains(prefixes.family) else { return part }
    let start = scratch.count
    part.messages = UInt32(
      isWithdrawal
        ? encoder.writeWithdrawal(of: prefixes, into: &scratch)
        : encoder.write(prefixes, announcement, attributes, into: &scratch))
    part.count = UInt32(scratch.count - start)
    return part
  }

  /// The volley that says exactly this on this session, if it is armed.
  package borrowing func volley(
    _ vip: VIPSlot, for peer: PeerSlot, _ announcement: Announcement, epoch: UInt32
  ) -> VolleyID? {
    let key = AnnouncementKey(announcement, style: styles[vip.index])
    guard let place = place(in: places(vip, peer), key, epoch) else { return nil }
    return VolleyID(place: place, generation: chambers[place].generation)
  }

  /// The same where many VIPs say the same: `voice` is how the last one that was found said it, and
  /// is enough to find the next. What is found so has bytes in every family that is armed.
  package borrowing func volley(
    _ vip: VIPSlot, for peer: PeerSlot, voice: UInt32, epoch: UInt32
  ) -> VolleyID? {
    for place in places(vip, peer)
    where marks[place].voice == voice && marks[place].epoch == epoch {
      return VolleyID(place: place, generation: marks[place].generation)
    }
    return nil
  }

  /// How a volley says it; nil when it has more to say than such as can be found so.
  package borrowing func voice(of volley: VolleyID) -> UInt32? {
    let mark = marks[Int(volley.place)]
    return mark.voice == Voices.none || mark.generation != volley.generation ? nil : mark.voice
  }

  /// Forgets all volleys for a peer: its session is over.
  package mutating func disarm(_ peer: PeerSlot) {
    for vip in contents.indices {
      for place in places(VIPSlot(vip), peer) {
        chambers[place].key = nil
        chambers[place].age = 0
        // The name of what was here names nothing from now on.
        lastGeneration &+= 1
        chambers[place].generation = lastGeneration
        marks[place] = Mark(generation: lastGeneration)
      }
    }
  }

  /// Lends the bytes of a volley that is still armed; a name that is no longer valid is a bug.
  package borrowing func withBytes<R>(of volley: VolleyID, _ body: (Span<UInt8>) -> R) -> R {
    let range = range(of: volley)
    let bytes = chambers[place(of: volley)].bytes
    return body(bytes.span.extracting(range))
  }

  /// Adds a volley to a salvo: its prefixes join the last UPDATE of their family there when that
  /// says the same of others and has room; else its own UPDATEs follow. False when the salvo is
  /// full, or the volley so large that it leaves alone.
  package borrowing func add(_ volley: VolleyID, to salvo: inout Salvo) -> Bool {
    guard !salvo.isFull else { return false }
    let mark = marks[Int(volley.place)]
    if mark.voice != Voices.none, mark.generation == volley.generation,
      volley.families.contains(.ipv4Unicast),
      salvo.join(few(of: vip(of: volley)), voice: mark.voice)
    {
      return true
    }
    let place = place(of: volley)
    // Fields are read one by one: a copy of the chamber would count references for each volley.
    guard let key = chambers[place].key else { return false }
    let ipv4 = chambers[place].ipv4
    let ipv6 = chambers[place].ipv6
    guard count(of: volley) < Salvo.fullSize else { return false }
    if volley.families.contains(.ipv4Unicast), ipv4.messages > 0 {
      let updates = chambers[place].bytes[..<Int(ipv4.count)]
      if ipv4.messages > 1 || !salvo.join(updates, ipv4.frame, key) {
        salvo.begin(updates, ipv4.frame, messages: Int(ipv4.messages), key)
      }
      if mark.voice != Voices.none { salvo.listen(to: mark.voice) }
    }
    if volley.families.contains(.ipv6Unicast), ipv6.messages > 0 {
      let updates = chambers[place].bytes[Int(ipv4.count)...]
      if ipv6.messages > 1 || !salvo.join(updates, ipv6.frame, key) {
        salvo.begin(updates, ipv6.frame, messages: Int(ipv6.messages), key)
      }
    }
    return true
  }

  private borrowing func few(of vip: VIPSlot) -> Range<Int> {
    Int(fewStarts[vip.index])..<Int(fewStarts[vip.index + 1])
  }

  /// How many bytes a volley has; none when the session has no family for it.
  package borrowing func count(of volley: VolleyID) -> Int { range(of: volley).count }

  /// How many UPDATEs a volley has.
  package borrowing func messages(of volley: VolleyID) -> Int {
    let place = place(of: volley)
    var messages: UInt32 = 0
    if volley.families.contains(.ipv4Unicast) { messages += chambers[place].ipv4.messages }
    if volley.families.contains(.ipv6Unicast) { messages += chambers[place].ipv6.messages }
    return Int(messages)
  }

  /// Where in the bytes of its chamber a volley, or the part that is meant, lies.
  private borrowing func range(of volley: VolleyID) -> Range<Int> {
    let place = place(of: volley)
    let middle = Int(chambers[place].ipv4.count)
    let start = volley.families.contains(.ipv4Unicast) ? 0 : middle
    // The bytes themselves are not looked at: they lie elsewhere.
    let behind = volley.families.contains(.ipv6Unicast) ? Int(chambers[place].ipv6.count) : 0
    let end = middle + behind
    return start..<end
  }

  /// What a VIP carries.
  package borrowing func content(of vip: VIPSlot) -> VolleyContent { contents[vip.index] }

  /// Which VIP a volley announces.
  package borrowing func vip(of volley: VolleyID) -> VIPSlot {
    // Of 32 bits each: it is asked for each volley of a mass shift, and twice as fast so.
    VIPSlot(Int(volley.place / UInt32(truncatingIfNeeded: peers * volleysPerPeer)))
  }

  /// What is armed for a VIP on a session, the one that was armed first before the other.
  package borrowing func armed(
    _ vip: VIPSlot, for peer: PeerSlot
  ) -> [(volley: VolleyID, announcement: Announcement)] {
    places(vip, peer).filter { chambers[$0].key != nil }
      .sorted { chambers[$0].age < chambers[$1].age }
      .compactMap { place in
        guard let announcement = chambers[place].key?.announcement else { return nil }
        return (VolleyID(place: place, generation: chambers[place].generation), announcement)
      }
  }

  /// Whether the name still names what it was given for.
  package borrowing func isArmed(_ volley: VolleyID) -> Bool {
    let place = Int(volley.place)
    return chambers[place].generation == volley.generation
      && chambers[place].key != nil
  }

  private borrowing func place(of volley: VolleyID) -> Int {
    precondition(isArmed(volley), "sent must equal armed")
    return Int(volley.place)
  }

  private borrowing func places(_ vip: VIPSlot, _ peer: PeerSlot) -> Range<Int> {
    precondition(contents.indices.contains(vip.index) && (0..<peers).contains(peer.index))
    let first = (vip.index * peers + peer.index) * volleysPerPeer
    return first..<(first + volleysPerPeer)
  }

  private borrowing func place(
    in places: Range<Int>, _ key: AnnouncementKey, _ epoch: UInt32
  ) -> Int? {
    for place in places where chambers[place].key == key && chambers[place].epoch == epoch {
      return place
    }
    return nil
  }

  private borrowing func oldest(in places: Range<Int>) -> Int {
    var oldest = places.lowerBound
    for place in places where chambers[place].age < chambers[oldest].age { oldest = place }
    return oldest
  }
}
