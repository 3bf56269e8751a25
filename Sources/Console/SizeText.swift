// Sizes in bytes as people write them.

package enum SizeText {
  /// A whole number, with `K`, `M` or `G` behind it for powers of 1024; nil for zero and beyond
  /// what a file can have.
  package static func read(_ text: String) -> Int? {
    let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
    guard let count = Int(String(text.prefix(digits.count))), count > 0,
      let unit = unit(String(text.dropFirst(digits.count)))
    else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: unit)
    return overflow ? nil : product
  }

  /// One unit, without a fraction below ten of it.
  package static func text(_ count: Int) -> String {
    switch count {
    case ..<10_240: "\(count) bytes"
    case ..<(10 << 20): "\(count >> 10) KiB"
    case ..<(10 << 30): "\(count >> 20) MiB"
    default: "\(count >> 30) GiB"
    }
  }

  private static func unit(_ text: String) -> Int? {
    switch text {
    case "": 1
    case "K": 1 << 10
    case "M": 1 << 20
    case "G": 1 << 30
    default: nil
    }
  }
}
