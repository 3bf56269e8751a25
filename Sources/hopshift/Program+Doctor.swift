// The verb `doctor`: asks the daemon, reads the kernel's settings, and says what will hurt.

import Console
import Control
import Linux
import Metrics

extension Program {
  mutating func doctor(
    _ command: DoctorCommand, _ socket: String, _ style: Style
  ) throws(Trouble) -> ExitCode {
    let records = try ask(.status, [], false, socket)
    var machine = Program.machine()
    machine.isStale = Program.isStale(DaemonMetrics(records))
    var findings = Examination(records, machine).findings
    // Without work for the courier there is nothing of ours in Azure that it may look at.
    if records.contains(where: { $0.type == "courier" }) { findings += azure(command.courier) }
    if command.json {
      output.write(findings.flatMap(\.line))
    } else {
      output.write(Finding.render(findings, style))
    }
    return findings.contains { $0.weight == .problem } ? .degraded : .ok
  }

  /// What the courier finds in Azure.
  private mutating func azure(_ socket: String) -> [Finding] {
    do throws(Trouble) {
      return try ask(.inspect, [], false, socket).compactMap { Finding($0) }
    } catch {
      return [.unseen(error.brief)]
    }
  }

  /// What cannot be read is not judged.
  private static func machine() -> MachineFacts {
    var machine = MachineFacts()
    machine.forwards = setting("ip_forward").map { $0 != 0 }
    machine.reversePathFilter = setting("conf/all/rp_filter") ?? 0
    let names: [String]
    do throws(Errno) {
      names = try Directories.list("\(settings)/conf")
    } catch {
      return machine
    }
    for name in names.sorted() where !["all", "default", "lo"].contains(name) {
      guard let value = setting("conf/\(name)/rp_filter") else { continue }
      machine.interfaces.append(MachineFacts.Interface(name: name, reversePathFilter: value))
    }
    return machine
  }

  private static let settings = "/proc/sys/net/ipv4"
  /// Bytes of one number with its newline.
  private static let numberLimit = 32

  private static func setting(_ name: String) -> Int? {
    do throws(Errno) {
      let bytes = try Files.read(path: "\(settings)/\(name)", limit: numberLimit)
      return Int(String(decoding: bytes.prefix { $0 != 0x0a }, as: UTF8.self))
    } catch {
      return nil
    }
  }
}
