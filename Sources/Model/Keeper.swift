// A state as bytes: one list of fields serves for writing it down and for reading it back.

/// Writes the values it is given, or replaces them by those that were written. A type says in one
/// function which of its fields are its state, and the same function saves and restores it: what
/// comes from the Plan is there already and is left alone.
///
/// Behind the fields stands a sum over their kinds and order. Bytes that were written by a program
/// whose types have other fields are refused.
public struct Keeper: ~Copyable {
  public let isReading: Bool
  /// The bytes ended too early, or held what no value of its type is.
  public private(set) var isDamaged = false
  private var bytes: [UInt8]
  private var offset = 0
  private var shape: UInt64 = 0xcbf2_9ce4_8422_2325

  /// The state of some ten VIPs and as many targets.
  private static let reserve = 16_384

  /// For writing.
  public init() {
    isReading = false
    bytes = []
    bytes.reserveCapacity(Keeper.reserve)
  }

  /// For reading.
  public init(reading bytes: [UInt8]) {
    isReading = true
    self.bytes = bytes
  }

  /// Everything that was written.
  public consuming func finish() -> [UInt8] {
    precondition(!isReading, "only what was written has an end to be written")
    var shape = shape
    keep(&shape)
    return bytes
  }

  /// Whether everything was read, and was written by a program with the same fields.
  public consuming func isComplete() -> Bool {
    let expected = shape
    var written: UInt64 = 0
    keep(&written)
    return !isDamaged && written == expected && offset == bytes.count
  }

  public mutating func damage() { isDamaged = true }

  /// Gives one thing the state of another: the second is what the first was, but for what it was
  /// made from.
  public static func carry<T>(
    from old: T, to new: inout T, _ keep: (inout T, inout Keeper) -> Void
  ) {
    var old = old
    var writer = Keeper()
    keep(&old, &writer)
    var reader = Keeper(reading: writer.finish())
    keep(&new, &reader)
    let isWhole = reader.isComplete()
    precondition(isWhole, "what one of a kind has written, another can read")
  }

  private mutating func note(_ kind: UInt8) { shape = (shape ^ UInt64(kind)) &* 0x100_0000_01b3 }

  // One for each width: a generic function that another module calls is not specialised.
  public mutating func keep(_ value: inout UInt8) { scalar(&value) }
  public mutating func keep(_ value: inout UInt16) { scalar(&value) }
  public mutating func keep(_ value: inout UInt32) { scalar(&value) }
  public mutating func keep(_ value: inout UInt64) { scalar(&value) }
  public mutating func keep(_ value: inout Int32) { scalar(&value) }
  public mutating func keep(_ value: inout Int64) { scalar(&value) }
  public mutating func keep(_ value: inout Int) { scalar(&value) }

  private mutating func scalar<T: FixedWidthInteger>(_ value: inout T) {
    let size = T.bitWidth / 8
    note(UInt8(size))
    guard isReading else {
      for place in 0..<size {
        bytes.append(UInt8(truncatingIfNeeded: value >> T(8 * (size - 1 - place))))
      }
      return
    }
    guard offset + size <= bytes.count else { return damage() }
    var read: T = 0
    for place in 0..<size { read = read << 8 | T(truncatingIfNeeded: bytes[offset + place]) }
    offset += size
    value = read
  }

  public mutating func keep(_ value: inout Bool) {
    var byte: UInt8 = value ? 1 : 0
    keep(&byte)
    if byte > 1 { damage() }
    value = byte == 1
  }

  /// An enumeration without associated values, or a set of options.
  public mutating func keep<T: RawRepresentable>(_ value: inout T)
  where T.RawValue: FixedWidthInteger {
    var raw = value.rawValue
    scalar(&raw)
    guard let read = T(rawValue: raw) else { return damage() }
    value = read
  }

  public mutating func keep<T>(
    _ value: inout T?, blank: T, _ body: (inout T, inout Keeper) -> Void
  ) {
    var isThere = value != nil
    keep(&isThere)
    guard isThere else {
      value = nil
      return
    }
    var inner = value ?? blank
    body(&inner, &self)
    value = inner
  }

  /// A list whose length is part of the state.
  public mutating func keep<T>(
    _ list: inout [T], blank: T, limit: Int, _ body: (inout T, inout Keeper) -> Void
  ) {
    var count = UInt32(list.count)
    keep(&count)
    guard count <= limit, !isDamaged else { return damage() }
    if isReading {
      list.removeAll(keepingCapacity: true)
      for _ in 0..<count where !isDamaged {
        var element = blank
        body(&element, &self)
        list.append(element)
      }
    } else {
      for place in list.indices { body(&list[place], &self) }
    }
  }

  /// A list whose length the Plan gives.
  public mutating func keep<T>(each list: inout [T], _ body: (inout T, inout Keeper) -> Void) {
    var count = UInt32(list.count)
    keep(&count)
    guard Int(count) == list.count else { return damage() }
    for place in list.indices where !isDamaged { body(&list[place], &self) }
  }

  public mutating func keep(_ list: inout [UInt8], limit: Int) {
    keep(&list, blank: 0, limit: limit) { $1.keep(&$0) }
  }
}

extension Keeper {
  public mutating func keep(_ time: inout Instant) { keep(&time.nanoseconds) }

  public mutating func keep(_ length: inout Nanoseconds) { keep(&length.count) }

  public mutating func keep(_ time: inout Instant?) {
    keep(&time, blank: .zero) { $1.keep(&$0) }
  }

  public mutating func keep(_ rung: inout Rung) {
    var value = rung.value
    keep(&value)
    guard let read = Rung(value) else { return damage() }
    rung = read
  }

  public mutating func keep(_ rung: inout Rung?) {
    keep(&rung, blank: .standby) { $1.keep(&$0) }
  }

  public mutating func keep(_ address: inout IPv4Address) {
    var bits = address.bits
    keep(&bits)
    address = IPv4Address(bits: bits)
  }

  public mutating func keep(_ address: inout IPAddress) {
    var isLong = false
    var high: UInt64 = 0
    var low: UInt64 = 0
    switch address {
    case .v4(let short): low = UInt64(short.bits)
    case .v6(let long): (isLong, high, low) = (true, long.high, long.low)
    }
    keep(&isLong)
    keep(&high)
    keep(&low)
    address =
      isLong
      ? .v6(IPv6Address(high: high, low: low))
      : .v4(IPv4Address(bits: UInt32(truncatingIfNeeded: low)))
  }

  public mutating func keep(_ index: inout InterfaceIndex) {
    var value = index.value
    keep(&value)
    index = InterfaceIndex(value)
  }

  public mutating func keep(_ name: inout InterfaceName) {
    for place in 0..<InterfaceName.limit {
      var byte = name.byte(at: place)
      keep(&byte)
      name.set(byte, at: place)
    }
  }

  public mutating func keep(_ mac: inout MACAddress?) {
    var bits = mac?.bits
    keep(&bits, blank: 0) { $1.keep(&$0) }
    mac = bits.map(MACAddress.init(bits:))
  }

  /// What an interface says of an address.
  public mutating func keep(_ address: inout InterfaceAddress) {
    keep(&address.address)
    keep(&address.prefixLength)
    keep(&address.interface)
    keep(&address.isTentative)
    keep(&address.isDeprecated)
    keep(&address.isSecondary)
    keep(&address.label)
    var (lifetime, preferred) = (address.lifetime.seconds, address.preferredLifetime.seconds)
    keep(&lifetime)
    keep(&preferred)
    address.lifetime = Lifetime(seconds: lifetime)
    address.preferredLifetime = Lifetime(seconds: preferred)
  }

  public mutating func keep(_ link: inout Link) {
    keep(&link.index)
    keep(&link.name)
    keep(&link.isLoopback)
    keep(&link.isUp)
    keep(&link.hasCarrier)
    keep(&link.operationalState)
    keep(&link.master, blank: link.index) { $1.keep(&$0) }
    keep(&link.mtu)
    keep(&link.hardwareAddress)
    keep(&link.isVirtualFunction)
  }

  /// A place in a list of the Plan; beyond `count` there is nothing.
  public mutating func keep(place: inout Int, below count: Int) {
    keep(&place)
    if place < 0 || place >= count {
      place = 0
      damage()
    }
  }
}
