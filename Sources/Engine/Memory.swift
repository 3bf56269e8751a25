// What the daemon keeps in its state file: a few dozen bytes for each VIP, checked by a sum.

import Bytes
import Failover
import Hello
import Model

/// The bytes of the state file.
///
///     magic "hopm", version 1, count of fellows, count of units
///     the address of each fellow
///     for each unit: digest of the VIP's name, epoch, last claim, flags, next hop, time of the
///     last shift, and for each fellow: epoch, rung, rank, flags
///     the FNV-1a sum of all bytes before, 64 bits
///
/// VIPs and fellows that the Plan no longer has are left out when it is read.
enum Memory {
  static let magic: UInt32 = 0x686f_706d
  static let version: UInt16 = 1
  static let header = 12
  static let fellow = 8
  static let unit = 28

  static func size(fellows: Int, units: Int) -> Int {
    header + 4 * fellows + units * (unit + fellow * fellows) + 8
  }

  static func sum(_ bytes: Span<UInt8>, count: Int) -> UInt64 {
    var sum: UInt64 = 0xcbf2_9ce4_8422_2325
    for place in 0..<count { sum = (sum ^ UInt64(bytes[place])) &* 0x100_0000_01b3 }
    return sum
  }

  struct Flags: OptionSet {
    let rawValue: UInt8
    static let outOfService = Flags(rawValue: 1)
    static let pinned = Flags(rawValue: 2)
    static let hasShifted = Flags(rawValue: 4)
    static let wants = Flags(rawValue: 8)
    static let given = Flags(rawValue: 16)
  }
}

extension Engine {
  /// What is to be kept. `isEnding`: the run ends in order, and its claims end with it.
  package func memory(isEnding: Bool) -> [UInt8] {
    let fellows = plan.group?.peers ?? []
    var kept: [(digest: VIPDigest, memory: UnitMemory)] = []
    for place in plan.vips.indices {
      guard let memory = failover.memory(of: VIPSlot(place)) else { continue }
      kept.append((speaking.directory.digests[place], memory))
    }
    var writer = Writer(capacity: Memory.size(fellows: fellows.count, units: kept.count))
    writer.write(Memory.magic)
    writer.write(Memory.version)
    writer.write(UInt16(fellows.count))
    writer.write(UInt32(kept.count))
    for address in fellows { writer.write(address.bits) }
    for (digest, memory) in kept {
      writer.write(digest.bits)
      writer.write(memory.epoch)
      writer.write((isEnding ? .standby : memory.lastClaim).value)
      var flags: Memory.Flags = memory.isOutOfService ? .outOfService : []
      if memory.isPinned { flags.insert(.pinned) }
      if memory.isGiven { flags.insert(.given) }
      if memory.shiftedAt != nil { flags.insert(.hasShifted) }
      writer.write(flags.rawValue)
      writer.write(UInt16(0))
      writer.write(memory.nextHop?.bits ?? 0)
      writer.write(UInt64(bitPattern: memory.shiftedAt?.nanoseconds ?? 0))
      for claim in memory.fellows {
        writer.write(claim.epoch)
        writer.write(claim.rung.value)
        writer.write(claim.rank)
        writer.write((claim.wants ? Memory.Flags.wants : []).rawValue)
        writer.write(UInt8(0))
      }
    }
    let bytes = writer.bytes
    writer.write(Memory.sum(bytes.span, count: bytes.count))
    return writer.bytes
  }

  /// Takes back what was kept; what cannot be read is as if it were not there, and is told.
  mutating func recall(
    _ bytes: Span<UInt8>, isSameBoot: Bool, into outputs: inout Outputs
  ) {
    guard let count = Engine.checkedUnits(bytes), let known = bytes.bigEndian16(at: 6) else {
      outputs.add(.note(.forgotten))
      return
    }
    // By position in the file: the slot that this Plan has for the fellow.
    let peers = plan.group?.peers ?? []
    let slots = (0..<Int(known)).map { place -> Int? in
      bytes.bigEndian32(at: Memory.header + 4 * place).flatMap { bits in
        peers.firstIndex(of: IPv4Address(bits: bits))
      }
    }
    let stride = Memory.unit + Memory.fellow * slots.count
    for place in 0..<count {
      let start = Memory.header + 4 * slots.count + place * stride
      guard let digest = bytes.bigEndian64(at: start),
        let vip = speaking.directory.slot(of: VIPDigest(bits: digest)),
        let memory = Engine.unit(bytes, at: start, slots, fellows: peers.count)
      else { continue }
      failover.recall(memory, of: vip, isSameBoot: isSameBoot)
    }
  }

  /// How many units the bytes hold; nil when they are not what was written.
  private static func checkedUnits(_ bytes: Span<UInt8>) -> Int? {
    guard bytes.bigEndian32(at: 0) == Memory.magic, bytes.bigEndian16(at: 4) == Memory.version,
      let fellows = bytes.bigEndian16(at: 6).map(Int.init), fellows <= PlanLimits.fellows,
      let units = bytes.bigEndian32(at: 8).map(Int.init), units <= PlanLimits.vips,
      bytes.count == Memory.size(fellows: fellows, units: units),
      bytes.bigEndian64(at: bytes.count - 8) == Memory.sum(bytes, count: bytes.count - 8)
    else { return nil }
    return units
  }

  private static func unit(
    _ bytes: Span<UInt8>, at start: Int, _ slots: [Int?], fellows: Int
  ) -> UnitMemory? {
    guard let epoch = bytes.bigEndian32(at: start + 8),
      let claim = bytes.byte(at: start + 12).flatMap(Rung.init),
      let flags = bytes.byte(at: start + 13).map(Memory.Flags.init),
      let nextHop = bytes.bigEndian32(at: start + 16),
      let shifted = bytes.bigEndian64(at: start + 20)
    else { return nil }
    var memory = UnitMemory()
    memory.epoch = epoch
    memory.lastClaim = claim
    memory.isOutOfService = flags.contains(.outOfService)
    memory.isPinned = flags.contains(.pinned)
    memory.isGiven = flags.contains(.given)
    memory.nextHop = nextHop == 0 ? nil : IPv4Address(bits: nextHop)
    if flags.contains(.hasShifted) {
      memory.shiftedAt = Instant(nanoseconds: Int64(bitPattern: shifted))
    }
    memory.fellows = Array(repeating: .none, count: fellows)
    for (place, slot) in slots.enumerated() {
      let offset = start + Memory.unit + Memory.fellow * place
      guard let slot, let epoch = bytes.bigEndian32(at: offset),
        let rung = bytes.byte(at: offset + 4).flatMap(Rung.init),
        let rank = bytes.byte(at: offset + 5),
        let flags = bytes.byte(at: offset + 6).map(Memory.Flags.init)
      else { continue }
      memory.fellows[slot] = FellowClaim(
        epoch: epoch, rung: rung, wants: flags.contains(.wants), rank: rank)
    }
    return memory
  }
}
