// The file system that containers start from: a small Debian, made once and kept in a cache.

import Linux
import Model

/// A tree made by debootstrap. It is built under another name, stamped and then renamed, so that a
/// tree with the right name is always whole; a tree with another stamp is built anew.
package enum RootTree {
  /// Raised whenever what is done to the tree changes.
  private static let version = 1
  private static let suite = "bookworm"
  private static let cache = "/var/cache/hopshift-demo"
  private static let path = "\(cache)/rootfs-\(suite)"
  private static let stampFile = "etc/hopshift-lab-tree"
  /// A boot, what the package depends on, what a look inside needs. perl-base is there anyway and
  /// runs the answerer.
  private static let packages = [
    "systemd", "systemd-sysv", "dbus", "iproute2", "libmnl0", "libcap2", "libyaml-0-2",
    "libsodium23", "libcurl4", "libmicrohttpd12", "libsqlite3-0", "libsystemd0", "libstdc++6",
    "procps",
  ]
  /// Units that would only add noise or reach for a network that is not there.
  private static let masked = [
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
    "e2scrub_reap.service", "systemd-networkd.service", "systemd-resolved.service",
    "systemd-timesyncd.service", "console-getty.service", "getty.target",
  ]

  private static var stamp: String {
    "version \(version)\nsuite \(suite)\npackages \(packages.joined(separator: " "))\n"
  }

  /// The path of a whole tree, made now if there is none. `say` is told when that takes a while.
  static func ready(_ shell: Shell, say: (String) -> Void) throws(LabError) -> String {
    if try isWhole() { return path }
    guard Programs.has("debootstrap") else {
      throw .unsuitable("there is no root tree in \(path) and debootstrap is not installed")
    }
    say("making the root tree once with debootstrap; it stays in \(path)")
    let draft = "\(path).\(Processes.own)"
    try shell.run(["mkdir", "-p", cache])
    try shell.run(["rm", "-rf", "--one-file-system", draft], within: .seconds(60))
    try shell.run(
      [
        "debootstrap", "--variant=minbase", "--include=\(packages.joined(separator: ","))", suite,
        draft,
      ], within: .seconds(600))
    try prepare(draft, shell)
    try shell.run(["rm", "-rf", "--one-file-system", path], within: .seconds(60))
    do throws(Errno) {
      try Directories.rename(draft, to: path)
    } catch {
      throw .system(error, doing: "putting \(path) in place")
    }
    return path
  }

  private static func isWhole() throws(LabError) -> Bool {
    let file = "\(path)/\(stampFile)"
    do throws(Errno) {
      guard try Directories.exists(file) else { return false }
      return try Files.read(path: file, limit: 4096).elementsEqual(stamp.utf8)
    } catch {
      throw .system(error, doing: "reading \(file)")
    }
  }

  /// Everything that all containers share; the stamp comes last.
  private static func prepare(_ tree: String, _ shell: Shell) throws(LabError) {
    for unit in masked {
      try shell.run(["ln", "-sfn", "/dev/null", "\(tree)/etc/systemd/system/\(unit)"])
    }
    try shell.run(["sh", "-c", "rm -rf \"$0\"/var/cache/apt/archives/*.deb", tree])
    do throws(Errno) {
      try Files.writeAtomically(
        path: "\(tree)/\(stampFile)", bytes: Array(stamp.utf8).span, mode: 0o644)
    } catch {
      throw .system(error, doing: "stamping \(tree)")
    }
  }
}
