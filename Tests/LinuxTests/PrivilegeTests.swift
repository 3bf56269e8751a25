// Capabilities and the service manager, each tried in a process of its own: they change it.

import Glibc
import Linux
import Model
import Testing

/// A line of /proc/thread-self/status as a number in base 16.
private func statusField(_ name: String) throws -> UInt64? {
  let bytes = try Files.read(path: "/proc/thread-self/status", limit: 65_536)
  for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
    let parts = line.split(separator: ":")
    guard parts.count == 2, parts[0] == name else { continue }
    return UInt64(parts[1].drop { $0 == "\t" || $0 == " " }, radix: 16)
  }
  return nil
}

/// A datagram socket that plays the service manager; NOTIFY_SOCKET points to it.
private func becomeServiceManager(_ directory: String) throws -> Descriptor {
  let path = "\(directory)/notify"
  let raw = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
  try #require(raw >= 0)
  let owned = Descriptor(adopting: raw)
  try bindUnix(owned.raw, to: path)
  try #require(unsafe setenv("NOTIFY_SOCKET", path, 1) == 0)
  return owned
}

private func nextDatagram(_ descriptor: Int32) -> String {
  var bytes = [UInt8](repeating: 0, count: 4096)
  let count = unsafe recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
  return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
}

@Suite(.timeLimit(.minutes(1))) struct PrivilegeTests {
  @Test(.enabled(if: isRoot, rootReason)) func everyCapabilityGoes() async {
    await #expect(processExitsWith: .success) {
      try #require(try statusField("CapEff") != 0)
      let left = try Capabilities.drop(keeping: [])
      try #require(left == [])
      try #require(try Capabilities.held() == [])
      for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        try #require(try statusField(set) == 0)
      }
      try #require(try statusField("NoNewPrivs") == 1)
      var refusal: Errno?
      do throws(Errno) { _ = try PacketCapture(interface: "lo") } catch { refusal = error }
      try #require(refusal == .notPermitted)
    }
  }

  @Test(.enabled(if: isRoot, rootReason)) func theKeptCapabilityStays() async {
    await #expect(processExitsWith: .success) {
      let left = try Capabilities.drop(keeping: [.netRaw])
      try #require(left == [.netRaw])
      try #require(try Capabilities.held() == ["cap_net_raw"])
      // CAP_NET_RAW is bit 13 (linux/capability.h).
      try #require(try statusField("CapEff") == 1 << 13)
      try #require(try statusField("CapPrm") == 1 << 13)
      // What is gone cannot be kept a second time.
      try #require(try Capabilities.drop(keeping: [.netAdmin]) == [])
    }
  }

  @Test func theServiceManagerIsTold() async {
    await #expect(processExitsWith: .success) {
      let scratch = try Scratch()
      let manager = try becomeServiceManager(scratch.path)
      try #require(Systemd.ready(status: "two sessions"))
      try #require(nextDatagram(manager.raw) == "READY=1\nSTATUS=two sessions")
      try #require(Systemd.watchdog())
      try #require(nextDatagram(manager.raw) == "WATCHDOG=1")
      try #require(Systemd.status("one session"))
      try #require(nextDatagram(manager.raw) == "STATUS=one session")
      try #require(Systemd.stopping())
      try #require(nextDatagram(manager.raw) == "STOPPING=1")
    }
  }

  @Test func withoutAServiceManagerNothingIsSent() async {
    await #expect(processExitsWith: .success) {
      unsafe unsetenv("NOTIFY_SOCKET")
      unsafe unsetenv("WATCHDOG_USEC")
      try #require(!Systemd.notify("READY=1"))
      try #require(Systemd.watchdogInterval == nil)
    }
  }

  @Test func theWatchdogsPatienceIsKnown() async {
    await #expect(processExitsWith: .success) {
      unsafe setenv("WATCHDOG_USEC", "2500000", 1)
      unsafe setenv("WATCHDOG_PID", "\(getpid())", 1)
      try #require(Systemd.watchdogInterval == .milliseconds(2500))
      // Meant for another process.
      unsafe setenv("WATCHDOG_PID", "1", 1)
      try #require(Systemd.watchdogInterval == nil)
    }
  }
}
