// The limits of a file, and every way to damage one: an error or a tree, never a trap.
import Model
import Testing
import YAML

struct YAMLLimitTests {
  @Test func depthHasALimit() throws {
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }
    _ = try YAML.parse(nested(YAML.Limits.depth))
    let error = #expect(throws: YAMLError.self) {
      try YAML.parse(nested(YAML.Limits.depth + 1))
    }
    #expect(error?.problem == .tooDeep)
    #expect(error?.position == Position(line: 1, column: YAML.Limits.depth + 1))
    // Far deeper, and never closed.
    let deep = [UInt8](repeating: UInt8(ascii: "["), count: 1 << 16)
    #expect(throws: YAMLError.self) { try YAML.parse(deep) }
  }

  @Test func nodesHaveALimit() {
    let text = "[" + String(repeating: "1,", count: YAML.Limits.nodes) + "1]"
    let error = #expect(throws: YAMLError.self) { try YAML.parse(Array(text.utf8)) }
    #expect(error?.problem == .tooManyNodes)
  }

  @Test func sizeHasALimit() throws {
    var bytes = [UInt8](repeating: UInt8(ascii: "\n"), count: YAML.Limits.fileSize - 4)
    bytes += Array("a: 1".utf8)
    _ = try YAML.parse(bytes)
    bytes.insert(UInt8(ascii: "\n"), at: 0)
    let error = #expect(throws: YAMLError.self) { try YAML.parse(bytes) }
    #expect(error?.problem == .fileTooLarge(YAML.Limits.fileSize + 1))
  }

  private static let sample = Array(
    """
    # é
    local: {asn: 65001, "address": '10.0.2.10'}
    route-servers:
      peers: [10.0.1.4, 10.0.1.5]   # both
      text: |
        block
      folded: >-
        more
        of it
    vips:
      - "\\x41\\u00e9"
      - ? a
        : b

    """.utf8)

  @Test func everyTruncationIsAnErrorOrATree() {
    for count in 0...YAMLLimitTests.sample.count {
      expectSound(Array(YAMLLimitTests.sample[..<count]))
    }
  }

  @Test(arguments: 0..<8)
  func mutationsAreErrorsOrTrees(seed: UInt64) {
    var random = Mutator(state: seed &* 0x9e37_79b9_7f4a_7c15 | 1)
    for _ in 0..<500 {
      var bytes = YAMLLimitTests.sample
      for _ in 0...random.below(4) { random.mutate(&bytes) }
      expectSound(bytes)
    }
  }

  /// The same bytes give the same answer, and every place lies in the file.
  private func expectSound(_ bytes: [UInt8]) {
    #expect(outcome(bytes) == outcome(bytes))
    let lines = 1 + bytes.filter { $0 == 0x0a || $0 == 0x0d }.count
    do {
      let tree = try YAML.parse(bytes)
      #expect(places(tree).allSatisfy { (1...lines).contains($0.line) && $0.column >= 1 })
    } catch {
      #expect((1...lines).contains(error.position.line), "\(error.message)")
      #expect((1...(bytes.count + 1)).contains(error.position.column))
      #expect(!error.message.isEmpty && error.suggestion != "")
    }
  }

  private func places(_ tree: Tree) -> [Position] {
    switch tree.content {
    case .scalar: [tree.position]
    case .sequence(let items): [tree.position] + items.flatMap(places)
    case .mapping(let entries):
      [tree.position] + entries.flatMap { [$0.keyPosition] + places($0.value) }
    }
  }
}

/// A small seeded generator (xorshift64*), so that a failure can be repeated.
private struct Mutator {
  var state: UInt64

  private let tokens = [
    "\t", "\n", "[", "{", "}", "]", ": ", "- ", "&a", "*a", "!", "'", "\"", "\0", "%",
  ]

  init(state: UInt64) { self.state = state }

  mutating func below(_ limit: Int) -> Int {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return Int((state &* 0x2545_f491_4f6c_dd1d) >> 33) % limit
  }

  mutating func mutate(_ bytes: inout [UInt8]) {
    let index = below(bytes.count)
    switch below(4) {
    case 0: bytes[index] = UInt8(below(256))
    case 1: bytes[index] ^= 1 << UInt8(below(8))
    case 2: bytes.removeSubrange(index..<min(bytes.count, index + 1 + below(8)))
    default: bytes.insert(contentsOf: Array(tokens[below(tokens.count)].utf8), at: index)
    }
    if bytes.isEmpty { bytes = [0x61] }
  }
}
