// What is written as the kernel would is read as it was meant.
import Model
import Rtnetlink
import Testing

@Suite struct NewsWriterTests {
  private static func facts(_ bytes: [UInt8]) -> [Step] {
    var cursor = FactCursor(port: 1)
    var steps: [Step] = []
    while steps.last != .end, steps.count < 10 { steps.append(cursor.next(in: bytes.span)) }
    return steps
  }

  private static let link = Link(
    index: InterfaceIndex(7), name: InterfaceName("eth0.100-longish") ?? .loopback,
    isLoopback: false, isUp: true, hasCarrier: false, operationalState: .lowerLayerDown,
    master: InterfaceIndex(3), mtu: 9_000, hardwareAddress: MACAddress(bits: 0x1234_5678_9abc),
    isVirtualFunction: true)

  @Test func links() {
    var plain = NewsWriterTests.link
    plain.master = nil
    plain.isVirtualFunction = false
    plain.hardwareAddress = nil
    plain.isLoopback = true
    for link in [NewsWriterTests.link, plain] {
      var writer = NewsWriter()
      writer.add(link)
      writer.add(link, isGone: true)
      #expect(
        NewsWriterTests.facts(writer.bytes)
          == [.fact(.link(link)), .fact(.linkGone(link.index)), .end])
    }
  }

  @Test(arguments: ["10.1.0.5", "2001:db8::5"]) func addresses(_ text: String) throws {
    let address = InterfaceAddress(
      address: try #require(IPAddress(text)), prefixLength: 24, interface: InterfaceIndex(2),
      isTentative: true, isDeprecated: true, isSecondary: true)
    var writer = NewsWriter()
    writer.add(address)
    writer.add(address, isGone: true)
    #expect(
      NewsWriterTests.facts(writer.bytes)
        == [.fact(.address(address)), .fact(.addressGone(address)), .end])
  }
}
