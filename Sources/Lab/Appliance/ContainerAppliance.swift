// An appliance as a container: a booted systemd, the package installed, its unit started.

import Linux
import Model

/// systemd-nspawn in the host's network namespace, on a throw-away layer over the shared root tree.
package final class ContainerAppliance: Appliance {
  package let host: String
  /// What the container says of itself: systemd's version, the package's version.
  package private(set) var about = ""
  private let lab: Lab
  private let nspawn: RunningProgram
  private let leader: Int32
  private static let answererUnit = "answer-on-vip.service"

  /// Why this machine cannot run containers, or nil.
  package static var reasonNotToRun: String? {
    Programs.has("systemd-nspawn") ? nil : "systemd-nspawn is not installed"
  }

  /// Boots the container; returns when its systemd has finished.
  package init(_ lab: Lab, host: String, tree: String) throws(LabError) {
    self.host = host
    self.lab = lab
    let root = try ContainerAppliance.layer(lab, host: host, over: tree)
    try ContainerAppliance.furnish(root, host: host)
    let machine = lab.namespace(of: host)
    let program = try RunningProgram(
      name: "\(host).nspawn", words: try ContainerAppliance.words(machine: machine, root: root),
      log: "\(lab.directory)/\(host).console", shell: lab.shell)
    nspawn = program
    var found: Int32?
    try Waiting.until("the container \(host) to start", within: .seconds(20)) {
      () throws(LabError) in
      try program.checkRunning()
      let own = Processes.namespace(.pid, of: Processes.own)
      found = ProcessTable.children(of: program.pid).first {
        Processes.namespace(.pid, of: $0).map { $0 != own } ?? false
      }
      return found == nil ? "no first process" : nil
    }
    guard let first = found else { throw .unsuitable("the container has no first process") }
    leader = first
    try Waiting.until("systemd in \(host) to finish its boot", within: .seconds(40)) {
      () throws(LabError) in
      try program.checkRunning()
      let answer = try inside(["systemctl", "is-system-running"], mayFail: true).trimmed
      // Degraded: a unit that the container cannot have has failed. What matters is looked at one
      // by one.
      return ["running", "degraded"].contains(answer) ? nil : answer
    }
  }

  /// Installs the package as an operator would, writes the configuration and starts the service.
  package func install(package file: String, configuration: String) throws(LabError) {
    let root = "/proc/\(leader)/root"
    try lab.shell.run(["cp", file, "\(root)/root/hopshift.deb"])
    try inside(["dpkg", "--install", "/root/hopshift.deb"])
    let path = "\(root)/etc/hopshift/hopshift.yaml"
    do throws(Errno) {
      try Directories.makeIfMissing("\(root)/etc/hopshift")
      try Files.writeAtomically(path: path, bytes: Array(configuration.utf8).span, mode: 0o644)
    } catch {
      throw .system(error, doing: "writing \(path)")
    }
    try inside(["systemctl", "start", ContainerAppliance.answererUnit])
    try inside(["systemctl", "start", "hopshiftd.service"])
    let version = try inside(["dpkg-query", "--show", "--showformat", "${Version}", "hopshift"])
    let systemd = try inside(["systemctl", "--version"]).split(separator: " ")
    about = "systemd \(systemd.count > 1 ? systemd[1] : "?"), hopshift \(version.trimmed)"
  }

  package func rights() throws(LabError) -> ProcessRights {
    let shown = try inside([
      "systemctl", "show", "hopshiftd.service", "--property=MainPID", "--value",
    ])
    guard let pid = Int32(shown.trimmed), pid > 0 else {
      throw .unsuitable("the service in \(host) has no process: '\(shown.trimmed)'")
    }
    return try ProcessRights(status: try inside(["cat", "/proc/\(pid)/status"]), of: host)
  }

  package func processes() -> [Int32] {
    let all = ProcessTable.sharing(.pid, with: leader)
    return [leader] + all.filter { $0 != leader }
  }

  /// Waits until an address that comes is no longer taken as one that was there at the start.
  func waitUntilSettled() throws(LabError) {
    try Waiting.until("\(host) to settle", within: .seconds(30)) { () throws(LabError) in
      let status = try inside(["hopshift", "status", "--json"])
      return status.contains("\"next-rung\":\"takeover-") ? nil : status
    }
  }

  package func checkRunning() throws(LabError) {
    try nspawn.checkRunning()
    try inside(["systemctl", "is-active", "hopshiftd.service", ContainerAppliance.answererUnit])
  }

  package func stop() throws(LabError) {
    try inside(["systemctl", "stop", "hopshiftd.service"])
  }

  package func diagnosis() -> String {
    do throws(LabError) {
      return try inside(
        ["journalctl", "--no-pager", "--quiet", "--lines=25", "--unit=hopshiftd.service"],
        mayFail: true)
    } catch {
      return "\(error)\n\(nspawn.tail())"
    }
  }

  /// Runs a program inside the container.
  @discardableResult
  package func inside(_ words: [String], mayFail: Bool = false) throws(LabError) -> String {
    let entry = ["nsenter", "--target", "\(leader)", "--all"] + words
    if mayFail { return try lab.shell.attempt(entry).output }
    return try lab.shell.run(entry, within: .seconds(40))
  }

  private static func words(machine: String, root: String) throws(LabError) -> [String] {
    var words = [
      "systemd-nspawn", "--quiet", "--directory=\(root)", "--boot", "--register=no",
      "--network-namespace-path=/run/netns/\(machine)", "--machine=\(machine)",
      "--console=pipe", "--resolv-conf=off", "--timezone=off", "--link-journal=no",
    ]
    do throws(Errno) {
      // Under a systemd, nspawn asks it for a scope. Elsewhere the container takes the group it is
      // started in, so it is started in one of its own: two systemds in one group would clean up
      // each other's units.
      if try Directories.exists("/run/systemd/system") { return words }
    } catch {
      throw .system(error, doing: "looking for systemd")
    }
    words.append("--keep-unit")
    let joining = try ControlGroup.make(machine).map { "echo $$ > \($0)" }
    return ["sh", "-c", (joining + ["exec \"$@\""]).joined(separator: " && "), "sh"] + words
  }

  /// A copy of the tree that costs nothing: overlayfs, or a real copy where the kernel has none.
  private static func layer(_ lab: Lab, host: String, over tree: String) throws(LabError) -> String
  {
    let base = "\(Registry.layers)/\(lab.tag)/\(host)"
    let root = "\(base)/root"
    try lab.shell.run(["mkdir", "-p", root, "\(base)/upper", "\(base)/work"])
    let options = "lowerdir=\(tree),upperdir=\(base)/upper,workdir=\(base)/work"
    let mount = try lab.shell.attempt(["mount", "-t", "overlay", "overlay", "-o", options, root])
    if mount.status != 0 {
      try lab.shell.run(["cp", "--archive", "\(tree)/.", root], within: .seconds(120))
    }
    return root
  }

  /// Thirty-two random hexadecimal digits (machine-id(5)).
  private static func machineID() throws(LabError) -> String {
    var digits = ""
    do throws(Errno) {
      for _ in 0..<2 {
        let half = String(try Entropy.seed(), radix: 16)
        digits += String(repeating: "0", count: 16 - half.count) + half
      }
    } catch {
      throw .system(error, doing: "drawing a machine id")
    }
    return digits
  }

  /// The host's name and the answerer with its unit.
  private static func furnish(_ root: String, host: String) throws(LabError) {
    let script = "/usr/local/lib/answer-on-vip.pl"
    let words = Answerer.words(
      script: script, host: host, address: VirtualNetwork.vip)
    let unit = """
      [Unit]
      Description=Answers on the VIP with the name of this appliance
      [Service]
      ExecStart=\(words.joined(separator: " "))

      """
    // A machine of its own, and one that has booted before: a first boot would ask questions.
    let files = [
      ("etc/machine-id", try machineID() + "\n"),
      ("etc/hostname", "\(host)\n"),
      ("etc/hosts", "127.0.0.1 localhost \(host)\n"),
      ("etc/systemd/system/\(answererUnit)", unit),
      (String(script.dropFirst()), Answerer.script),
    ]
    do throws(Errno) {
      for (path, text) in files {
        try Files.writeAtomically(
          path: "\(root)/\(path)", bytes: Array(text.utf8).span, mode: 0o644)
      }
    } catch {
      throw .system(error, doing: "furnishing the container \(host)")
    }
  }
}
