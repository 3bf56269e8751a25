// The verb `metrics`: the daemon's numbers, and whether it runs with the file as it is.

import Console
import Control
import Journal
import Linux
import Metrics
import YAML

extension Program {
  mutating func metrics(
    _ command: MetricsCommand, _ socket: String
  ) throws(Trouble) -> ExitCode {
    let records = try ask(.metrics, [], command.json, socket)
    if command.json { return .ok }
    let metrics = DaemonMetrics(records)
    var text = Exposition()
    metrics.write(isStale: Program.isStale(metrics), into: &text)
    output.write(text.finish())
    return .ok
  }

  /// Unknown when the file is not for us to read.
  static func isStale(_ metrics: DaemonMetrics) -> Bool? {
    // One that stands nowhere, as older daemons tell it, is not looked for where we are.
    guard let path = metrics.configuration, path.hasPrefix("/"), let sum = metrics.configurationSum
    else { return nil }
    do throws(Errno) {
      let bytes = try Files.read(path: path, limit: YAML.Limits.fileSize)
      return Int64(Checksum.of(bytes.span)) != sum
    } catch {
      // What is gone or has grown beyond every limit is not what the daemon has read.
      return error == .noSuchFile || error == .fileTooLarge ? true : nil
    }
  }
}
