// UPDATEs encoded before they are needed, two volleys for each VIP and peer, in reserved memory.

import Bytes
package import Model

/// Names a volley as it was armed. When something else was armed in its place it names nothing.
package struct VolleyID: Hashable, Sendable {
  fileprivate let place: UInt32
  fileprivate let generation: UInt32
}

/// All volleys. For each VIP and peer there are two: the one that stands now and the one the next
/// claim would take. Arming a third replaces the one that was armed longer ago.
package struct Magazine: ~Copyable {
  private let prefixes: [[Prefix]]
  private let peers: Int
  private let localASN: ASNumber
  private var chambers: [Chamber]
  /// The bytes of all chambers, one after the other.
  private var storage: [UInt8]
  private var scratch: Writer
  private var lastGeneration: UInt32 = 0

  private static let volleysPerPeer = 2

  /// One place for a volley. Its bytes begin at `offset` in the storage.
  private struct Chamber {
    var offset: Int
    var capacity: Int
    var count = 0
    var messages = 0
    var announcement: Announcement?
    var epoch: UInt32 = 0
    /// Raised when other bytes are put here; part of the volley's name.
    var generation: UInt32 = 0
    /// When it was last armed, in arms; the lower one is replaced first.
    var age: UInt32 = 0
  }

  /// `prefixes` by `VIPSlot`, all of them IPv4. Reserves room for the longest volley of each.
  package init(prefixes: [[Prefix]], peers: Int, localASN: ASNumber) {
    self.prefixes = prefixes
    self.peers = peers
    self.localASN = localASN
    chambers = []
    chambers.reserveCapacity(prefixes.count * peers * Magazine.volleysPerPeer)
    var offset = 0
    var largest = 0
    for list in prefixes {
      let capacity = Magazine.capacity(for: list, localASN: localASN)
      largest = max(largest, capacity)
      for _ in 0..<(peers * Magazine.volleysPerPeer) {
        chambers.append(Chamber(offset: offset, capacity: capacity))
        offset += capacity
      }
    }
    storage = [UInt8](repeating: 0, count: offset)
    scratch = Writer(capacity: largest)
  }

  /// The longest path, to a peer of either kind, in messages of the ordinary size.
  private static func capacity(for prefixes: [Prefix], localASN: ASNumber) -> Int {
    let sizes = [true, false].map { fourOctetAS in
      UpdateEncoder(localASN: localASN, fourOctetAS: fourOctetAS, extendedMessages: false)
        .size(of: prefixes, rung: .standby)
    }
    return max(sizes[0], sizes[1])
  }

  /// Encodes an announcement of a VIP for one session. When it is armed already for this epoch the
  /// same volley is named again, and is now the younger of the two.
  @discardableResult
  package mutating func arm(
    _ vip: VIPSlot, for peer: PeerSlot, _ announcement: Announcement, negotiated: Negotiated,
    epoch: UInt32
  ) -> VolleyID {
    lastGeneration &+= 1
    let places = places(vip, peer)
    if let place = place(in: places, announcement, epoch) {
      // The age decides what is replaced next; the bytes, and with them the name, stay.
      chambers[place].age = lastGeneration
      return VolleyID(place: UInt32(place), generation: chambers[place].generation)
    }
    let place = oldest(in: places)
    scratch.removeAll()
    let encoder = UpdateEncoder(localASN: localASN, negotiated)
    let messages = encoder.write(prefixes[vip.index], announcement, into: &scratch)
    precondition(scratch.count <= chambers[place].capacity, "a volley outgrew its chamber")
    var chamber = chambers[place]
    let encoded = scratch.bytes
    for index in encoded.indices { storage[chamber.offset + index] = encoded[index] }
    chamber.count = encoded.count
    chamber.messages = messages
    chamber.announcement = announcement
    chamber.epoch = epoch
    chamber.generation = lastGeneration
    chamber.age = lastGeneration
    chambers[place] = chamber
    return VolleyID(place: UInt32(place), generation: lastGeneration)
  }

  /// The volley that says exactly this on this session, if it is armed.
  package borrowing func volley(
    _ vip: VIPSlot, for peer: PeerSlot, _ announcement: Announcement, epoch: UInt32
  ) -> VolleyID? {
    guard let place = place(in: places(vip, peer), announcement, epoch) else { return nil }
    return VolleyID(place: UInt32(place), generation: chambers[place].generation)
  }

  /// Forgets all volleys for a peer: its session is over.
  package mutating func disarm(_ peer: PeerSlot) {
    for vip in prefixes.indices {
      for place in places(VIPSlot(vip), peer) {
        chambers[place].announcement = nil
        chambers[place].age = 0
        // The name of what was here names nothing from now on.
        lastGeneration &+= 1
        chambers[place].generation = lastGeneration
      }
    }
  }

  /// Lends the bytes of a volley that is still armed; a name that is no longer valid is a bug.
  package borrowing func withBytes<R>(of volley: VolleyID, _ body: (Span<UInt8>) -> R) -> R {
    let chamber = chamber(of: volley)
    let bytes = storage.span
    return body(bytes.extracting(chamber.offset..<(chamber.offset + chamber.count)))
  }

  /// How many bytes a volley has.
  package borrowing func count(of volley: VolleyID) -> Int { chamber(of: volley).count }

  /// How many UPDATEs a volley has.
  package borrowing func messages(of volley: VolleyID) -> Int { chamber(of: volley).messages }

  /// Whether the name still names what it was given for.
  package borrowing func isArmed(_ volley: VolleyID) -> Bool {
    let chamber = chambers[Int(volley.place)]
    return chamber.generation == volley.generation && chamber.announcement != nil
  }

  private borrowing func chamber(of volley: VolleyID) -> Chamber {
    precondition(isArmed(volley), "sent must equal armed")
    return chambers[Int(volley.place)]
  }

  private borrowing func places(_ vip: VIPSlot, _ peer: PeerSlot) -> Range<Int> {
    precondition(prefixes.indices.contains(vip.index) && (0..<peers).contains(peer.index))
    let first = (vip.index * peers + peer.index) * Magazine.volleysPerPeer
    return first..<(first + Magazine.volleysPerPeer)
  }

  private borrowing func place(
    in places: Range<Int>, _ announcement: Announcement, _ epoch: UInt32
  ) -> Int? {
    for place in places
    where chambers[place].announcement == announcement && chambers[place].epoch == epoch {
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
