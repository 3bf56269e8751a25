// Addresses and prefixes: text in, text out, and what is refused.

import Model
import Testing

struct AddressTests {
  @Test(arguments: [
    ("10.1.0.5", 0x0a01_0005 as UInt32), ("0.0.0.0", 0), ("255.255.255.255", 0xffff_ffff),
    ("100.64.0.1", 0x6440_0001),
  ])
  func readsIPv4(text: String, bits: UInt32) {
    #expect(IPv4Address(text)?.bits == bits)
    #expect(IPv4Address(bits: bits).description == text)
  }

  @Test(arguments: [
    "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "+1.2.3.4", "1..3.4", "a.b.c.d",
    "1.2.3.1000",
  ])
  func refusesIPv4(text: String) { #expect(IPv4Address(text) == nil) }

  @Test(arguments: [
    ("::", "::"), ("::1", "::1"), ("2001:db8::4", "2001:db8::4"),
    ("2001:0DB8:0:0:0:0:0:4", "2001:db8::4"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
    ("::ffff:10.0.0.1", "::ffff:a00:1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
    ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("fe80::1:0:0:1", "fe80::1:0:0:1"),
  ])
  func readsIPv6(text: String, canonical: String) {
    #expect(IPv6Address(text)?.description == canonical)
    #expect(IPv6Address(canonical) == IPv6Address(text))
  }

  @Test(arguments: [
    "", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::",
    "1:2:3:4:5:6:7:8::",
    "::1.2.3", "1.2.3.4::", "fe80::1%eth0", ":1:2:3:4:5:6:7",
  ])
  func refusesIPv6(text: String) { #expect(IPv6Address(text) == nil) }

  @Test(arguments: [
    ("10.1.0.5/32", "10.1.0.5/32"), ("10.1.0.5", "10.1.0.5/32"), ("10.0.0.0/8", "10.0.0.0/8"),
    ("0.0.0.0/0", "0.0.0.0/0"), ("2001:db8::/32", "2001:db8::/32"), ("::1", "::1/128"),
    ("2001:db8:0:0:8000::/65", "2001:db8:0:0:8000::/65"),
  ])
  func readsPrefixes(text: String, canonical: String) {
    #expect(Prefix(text)?.description == canonical)
  }

  @Test(arguments: [
    "10.1.0.5/31", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "::1/127", "10.0.0.0/+8",
  ])
  func refusesPrefixes(text: String) { #expect(Prefix(text) == nil) }

  @Test func masksEveryLength() {
    for length in UInt8(0)...32 {
      guard case .v4(let masked) = Prefix.masked(.v4(IPv4Address(bits: .max)), to: length) else {
        Issue.record("family changed")
        return
      }
      #expect(masked.bits.nonzeroBitCount == Int(length))
    }
    for length in UInt8(0)...128 {
      let all = IPv6Address(high: .max, low: .max)
      guard case .v6(let masked) = Prefix.masked(.v6(all), to: length) else {
        Issue.record("family changed")
        return
      }
      #expect(masked.high.nonzeroBitCount + masked.low.nonzeroBitCount == Int(length))
    }
  }
}
