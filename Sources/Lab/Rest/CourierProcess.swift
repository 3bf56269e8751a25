// hopshift-courier on a host of the lab, beside its hopshiftd.

import Linux
import Model

/// The same user as the daemon's, and no capability.
final class CourierProcess {
  let host: String
  private let lab: Lab
  private let words: [String]
  private var program: RunningProgram

  /// Starts it for the daemon that listens on `control`.
  init(
    _ lab: Lab, host: String, binary: String, control: String, authority: String
  ) throws(LabError) {
    self.host = host
    self.lab = lab
    let state = "\(Files.directory(of: control))/courier"
    try lab.shell.run(
      [
        "install", "-d", "-m", "0700", "-o", PlainAppliance.user, "-g", PlainAppliance.user,
        state,
      ])
    words =
      PlainAppliance.confinement(withRawSockets: false)
      + [
        binary, "--control", control, "--state", state, "--listen", state + "/socket",
        "--endpoint", "https://\(RestProcess.address)", "--metadata",
        "http://\(RestProcess.metadataAddress)",
        "--ca-file", authority,
      ]
    program = try lab.start("\(host).hopshift-courier", words, on: host)
  }

  func checkRunning() throws(LabError) { try program.checkRunning() }

  /// Starts it once more, after it has ended.
  func startAgain() throws(LabError) {
    guard !ProcessTable.isAlive(program.pid) else { return }
    program = try lab.start("\(host).hopshift-courier", words, on: host)
  }
}
