// Forged and gratuitous ARP, and networks that answer for everybody.
import Model
import Testing

@testable import Probes

@Suite struct BindingTests {
  private let host = MACAddress(bits: 0x02_00_00_00_00_02)
  private let forger = MACAddress(bits: 0x02_00_00_00_00_66)

  @Test func theFirstQuietAnswerIsBelieved() {
    let binding = Bound()
    binding.probeSent()
    #expect(binding.replied(host, isAsked: true, wasBroadcast: true, isUp: false) == .believed)
    #expect(binding.mac == host && !binding.isDisputed)
  }

  @Test func whoAnswersUnaskedIsNotBelievedWhenAsked() {
    let binding = Bound()
    binding.startle(forger)
    #expect(!binding.isDisputed, "our kernel may have asked")
    #expect(binding.replied(forger, isAsked: false, wasBroadcast: true, isUp: false) == .ignored)
    binding.probeSent()
    #expect(binding.replied(forger, isAsked: true, wasBroadcast: true, isUp: false) == .ignored)
    #expect(binding.mac == nil && binding.isDisputed)
    binding.probeSent()
    #expect(binding.replied(host, isAsked: true, wasBroadcast: true, isUp: false) == .ignored)
    binding.probeSent()
    binding.probeSent()
    #expect(binding.replied(host, isAsked: true, wasBroadcast: true, isUp: false) == .believed)
  }

  @Test func anotherMACDoesNotDisturbAHostThatIsUp() {
    let binding = Bound()
    binding.probeSent()
    binding.replied(host, isAsked: true, wasBroadcast: true, isUp: false)
    for _ in 0..<1_000 {
      binding.replied(forger, isAsked: false, wasBroadcast: false, isUp: true)
      binding.probeSent()
      #expect(binding.replied(forger, isAsked: true, wasBroadcast: false, isUp: true) == .ignored)
      #expect(binding.replied(host, isAsked: true, wasBroadcast: false, isUp: true) == .believed)
    }
    #expect(binding.mac == host && binding.changes == 0 && binding.foreign == 1_000)
  }

  @Test func theHostsOwnMACOutOfTurnIsDisputed() {
    let binding = Bound()
    binding.probeSent()
    binding.replied(host, isAsked: true, wasBroadcast: true, isUp: false)
    binding.startle(host)
    binding.replied(host, isAsked: false, wasBroadcast: false, isUp: true)
    binding.probeSent()
    #expect(binding.replied(host, isAsked: true, wasBroadcast: false, isUp: true) == .disputed)
    #expect(binding.replied(host, isAsked: true, wasBroadcast: true, isUp: false) == .disputed)
    #expect(binding.disputed == 2)
  }

  @Test func anotherMACIsTakenOnlyWhenEverybodyWasAsked() {
    let binding = Bound()
    binding.probeSent()
    binding.replied(host, isAsked: true, wasBroadcast: true, isUp: false)
    binding.probeSent()
    #expect(binding.replied(forger, isAsked: true, wasBroadcast: false, isUp: true) == .ignored)
    binding.probeSent()
    binding.probeSent()
    binding.probeSent()
    #expect(
      binding.replied(forger, isAsked: true, wasBroadcast: true, isUp: true)
        == .changed(from: host))
    #expect(binding.changes == 1 && binding.mac == forger)
  }

  @Test func ourKernelsOwnQuestionsDisturbNothing() {
    let binding = Bound()
    for second in 0..<1_000 {
      binding.now = .zero + .seconds(Int64(second))
      binding.probeSent()
      let verdict = binding.replied(host, isAsked: true, wasBroadcast: true, isUp: true)
      #expect(verdict == .believed)
      binding.replied(host, isAsked: false, wasBroadcast: false, isUp: true)
    }
    #expect(binding.unasked == 1_000 && binding.disputed == 0)
  }

  @Test func proxiesAreRecognised() {
    func answer(_ host: Int, _ last: UInt8, _ mac: UInt64) -> ProxiedARP.Answer {
      .init(
        host: HostSlot(host), address: IPv4Address(10, 0, 0, last), mac: MACAddress(bits: mac))
    }
    let lan = [answer(0, 4, 0xa), answer(1, 5, 0xb), answer(1, 6, 0xb), answer(2, 7, 0xc)]
    for one in lan { #expect(ProxiedARP.cause(of: one, among: lan) == nil) }
    let router = lan + [answer(3, 8, 0xa)]
    #expect(ProxiedARP.cause(of: router[4], among: router) == .shared(with: HostSlot(0)))
    #expect(ProxiedARP.cause(of: router[0], among: router) == .shared(with: HostSlot(3)))
    #expect(ProxiedARP.cause(of: router[1], among: router) == nil)
    let azure = answer(0, 4, 0x1234_5678_9abc)
    #expect(ProxiedARP.cause(of: azure, among: [azure]) == .azure)
  }
}
