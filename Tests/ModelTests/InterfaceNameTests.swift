// Interface names: bytes packed into two integers and back.

import Model
import Testing

struct InterfaceNameTests {
  @Test(arguments: ["lo", "eth0", "enp0s31f6", "fifteen-letters", "ve-vtest@1"])
  func roundTrip(text: String) {
    #expect(InterfaceName(text)?.description == text)
  }

  @Test(arguments: ["", "sixteen-letters-", "a b", "a/b", "a:b", "tab\tname"])
  func refuses(text: String) { #expect(InterfaceName(text) == nil) }

  @Test func endsAtTheFirstZero() {
    #expect(InterfaceName(bytes: [108, 111, 0, 120]) == .loopback)
  }
}
