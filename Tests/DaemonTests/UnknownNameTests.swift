// Names that the configuration does not have: the one that was meant, or those there are.

import Testing

@testable import Daemon

@Suite struct UnknownNameTests {
  @Test(arguments: [
    ("vioce", ["voice", "web"], "there is no VIP called vioce; did you mean voice?"),
    ("mail", ["voice", "web"], "there is no VIP called mail; there are voice, web"),
    ("mail", [String](), "there is no VIP called mail"),
    ("mail", (1...9).map { "vip-\($0)" }, "there is no VIP called mail"),
    ("vip-70", (1...65).map { "vip-\($0)" }, "there is no VIP called vip-70"),
  ])
  func advice(_ name: String, _ names: [String], _ text: String) {
    #expect(UnknownName.text("VIP", name, among: names) == text)
  }
}
