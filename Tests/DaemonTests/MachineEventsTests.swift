// The list of scheduled events as it is told: what is new, what is over, what is no list.

import Testing

@testable import Daemon

struct MachineEventsTests {
  private func lines(_ events: inout MachineEvents, _ words: String) -> [String] {
    switch events.take(words.split(separator: " ").map(String.init)) {
    case .success(let lines): lines
    case .failure(let error): ["refused: \(error.text)"]
    }
  }

  @Test func whatIsNewIsSaidOnce() {
    var events = MachineEvents()
    #expect(lines(&events, "none") == [])
    #expect(lines(&events, "Reboot:scheduled:E-1") == ["Azure: Reboot E-1 is announced"])
    #expect(lines(&events, "Reboot:scheduled:E-1") == [])
    #expect(lines(&events, "Reboot:started:E-1") == ["Azure: Reboot E-1 has begun"])
    #expect(
      lines(&events, "Freeze:scheduled:a:b") == [
        "Azure: Freeze a:b is announced", "Azure: Reboot E-1 is over",
      ])
    #expect(lines(&events, "none") == ["Azure: Freeze a:b is over"])
    #expect(events.events.isEmpty)
  }

  @Test(arguments: [
    "", "Reboot", "Reboot:scheduled", "Reboot:soon:E-1", ":scheduled:E-1", "Reboot:scheduled:",
    "none Reboot:scheduled:E-1",
  ]) func whatIsNoListChangesNothing(_ words: String) {
    var events = MachineEvents()
    _ = lines(&events, "Preempt:scheduled:E-9")
    #expect(lines(&events, words).first?.hasPrefix("refused: ") == true)
    #expect(events.events.map(\.id) == ["E-9"])
  }

  @Test func thereIsALimit() {
    var events = MachineEvents()
    let many = (0...MachineEvents.limit).map { "Reboot:scheduled:E-\($0)" }
    #expect(lines(&events, many.joined(separator: " ")).first?.hasPrefix("refused: ") == true)
  }
}
