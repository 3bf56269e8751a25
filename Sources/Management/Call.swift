// One call over HTTP and what is done about it, as values.

package import Model

/// A header or a part of a query.
package struct Pair: Hashable, Sendable {
  package var name: String
  package var value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// What somebody asks.
package struct Call: Hashable, Sendable {
  package var method: String
  /// Path and query, as they came.
  package var target: String
  /// The parts of the path, decoded.
  package var path: [String]
  package var query: [Pair]
  package var headers: [Pair]
  package var body: [UInt8]
  /// Who asks: the metadata service knows machines by their addresses.
  package var from: IPv4Address

  package init(
    _ method: String, _ target: String, headers: [Pair] = [], body: [UInt8] = [],
    from: IPv4Address = IPv4Address(127, 0, 0, 1)
  ) {
    self.method = method
    self.target = target
    self.headers = headers
    self.body = body
    self.from = from
    let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = halves[0].split(separator: "/").map { Call.decoded($0) }
    query = (halves.count > 1 ? halves[1] : "").split(separator: "&").map { part in
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return Pair(Call.decoded(sides[0]), sides.count > 1 ? Call.decoded(sides[1]) : "")
    }
  }

  /// Names of headers have no case (RFC 9110 section 5.1).
  package func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  /// Nor have those of a query in Azure.
  package func parameter(_ name: String) -> String? {
    query.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  /// Whether it is to change something.
  package var isWrite: Bool { ["PUT", "PATCH", "DELETE"].contains(method) }

  /// Percent encoding undone; what is none stays as it is. A plus is a plus: only forms have it
  /// for a space, and nobody sends any.
  static func decoded(_ text: some StringProtocol) -> String {
    var out: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      if byte == UInt8(ascii: "%"), digits.utf8.count == 2, let value = UInt8(digits, radix: 16) {
        out.append(value)
        rest = rest.dropFirst(2)
      } else {
        out.append(byte)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// Everything but the unreserved characters encoded (RFC 3986 section 2.3).
  static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    for byte in text.utf8 {
      let isPlain = Character(Unicode.Scalar(byte)).isLetter || (0x30...0x39).contains(byte)
      if byte < 0x80, isPlain || "-._~".utf8.contains(byte) {
        out.append(byte)
      } else {
        out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}

/// What is sent back.
package struct Reply: Hashable, Sendable {
  package var status: Int
  package var headers: [Pair]
  package var body: [UInt8]

  package init(_ status: Int, _ headers: [Pair] = [], _ body: JSON? = nil) {
    self.status = status
    self.headers = headers
    self.body = body?.bytes ?? []
    if body != nil { self.headers.append(Pair("Content-Type", "application/json; charset=utf-8")) }
  }

  package func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}

/// How it is sent back, if at all.
package struct Conduct: Hashable, Sendable {
  package enum Manner: Hashable, Sendable {
    case whole
    /// The length is that of the whole, and the connection ends before.
    case cut(after: Int)
    /// Byte by byte, with a pause between two.
    case drip(every: Nanoseconds)
    /// Filled up to so many bytes.
    case flood(to: Int64)
    /// The connection ends and nothing was said.
    case hangUp
    /// The connection stays and nothing is said.
    case silence
  }

  package var reply: Reply
  package var manner: Manner
  /// How long it takes until the answer begins.
  package var after: Nanoseconds
  /// The mischief that had a hand in it.
  package var mischief: Mischief?

  package init(
    _ reply: Reply, _ manner: Manner = .whole, after: Nanoseconds = .zero,
    mischief: Mischief? = nil
  ) {
    self.reply = reply
    self.manner = manner
    self.after = after
    self.mischief = mischief
  }
}
