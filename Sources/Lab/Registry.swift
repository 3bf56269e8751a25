// The register of labs under /run, so that the next start removes what a killed one left behind.

import Linux
import Model

/// One directory per lab, /run/hopshift-lab/TAG, with a file `owner` that names the process. The
/// lab's namespaces are called TAG-NAME, its mounts lie in its directories and its processes bear
/// its tag, so that nothing more need be written down: a lab killed at any moment is removed whole.
package enum Registry {
  package static let root = "/run/hopshift-lab"
  /// Layers of containers are too big for /run, which may be memory.
  package static let layers = "/var/cache/hopshift-demo/layers"
  /// Every tag begins so, and so does a directory that has no tag yet.
  private static let prefix = "hs"
  private static let draft = ".new-"
  private static let ownerLimit = 64
  /// Where systemd-nspawn keeps a directory and a lock for each container. One that is killed
  /// leaves both.
  private static let containers = "/run/systemd/nspawn"
  private static let attempts = 100

  package static func directory(of tag: String) -> String { "\(root)/\(tag)" }

  /// Takes a tag that nobody has, and its directory.
  static func claim() throws(LabError) -> String {
    do throws(Errno) {
      try Directories.makeIfMissing(root)
      // The owner stands in the directory before the directory has its name: it is never without.
      let own = Processes.own
      let draft = "\(root)/\(draft)\(own)-\(try Entropy.seed())"
      try Directories.make(draft)
      let start = ProcessTable.startTime(of: own) ?? 0
      try Files.writeAtomically(
        path: "\(draft)/owner", bytes: Array("\(own) \(start)\n".utf8).span, mode: 0o644)
      for _ in 0..<attempts {
        let number = UInt16(truncatingIfNeeded: try Entropy.seed())
        let digits = String(number, radix: 16)
        let tag = prefix + String(repeating: "0", count: 4 - digits.count) + digits
        do throws(Errno) {
          try Directories.rename(draft, to: directory(of: tag))
          return tag
        } catch {
          // ENOTEMPTY or EEXIST: the tag is taken.
          continue
        }
      }
      throw Errno.fileExists
    } catch {
      throw .system(error, doing: "registering a lab under \(root)")
    }
  }

  /// Removes every lab whose owner is gone and answers their tags.
  @discardableResult
  package static func sweep() throws(LabError) -> [String] {
    try sweep(holding: try sweepersLock())
  }

  /// The lock is borrowed to the end.
  private static func sweep(holding lock: borrowing FileLock) throws(LabError) -> [String] {
    var removed: [String] = []
    for tag in try labs() where !isOwned(tag) {
      try remove(tag)
      removed.append(tag)
    }
    return removed
  }

  /// Removes a lab of this process. A start that sweeps meanwhile would find it without its owner's
  /// name for a moment, and remove it as well.
  static func release(_ tag: String) throws(LabError) {
    try release(tag, holding: try sweepersLock(mayInterrupt: false))
  }

  /// The lock is borrowed to the end.
  private static func release(_ tag: String, holding lock: borrowing FileLock) throws(LabError) {
    try remove(tag)
  }

  /// Two that remove the same lab at once would stumble over each other.
  private static func sweepersLock(mayInterrupt: Bool = true) throws(LabError) -> FileLock {
    var lock: FileLock?
    try Waiting.until(
      "another start to finish its cleaning", within: .seconds(60), mayInterrupt: mayInterrupt
    ) { () throws(LabError) in
      do throws(Errno) {
        try Directories.makeIfMissing(root)
        lock = try FileLock(path: "\(root)/.lock")
        return nil
      } catch .again {
        return "it is still at it"
      } catch {
        throw LabError.system(error, doing: "locking \(root)")
      }
    }
    guard let taken = lock.take() else { preconditionFailure("waited for a lock in vain") }
    return taken
  }

  /// The labs that are registered, and whether their owner lives.
  package static func all() throws(LabError) -> [(tag: String, isOwned: Bool)] {
    try labs().map { ($0, isOwned($0)) }
  }

  /// Removes a lab whole, under the sweepers' lock: processes, then mounts, namespaces and files.
  private static func remove(_ tag: String) throws(LabError) {
    let scratch = directory(of: tag)
    // Not marked with the tag, or it would kill its own helpers.
    let shell = Shell(scratch: scratch, tag: "cleaner")
    let namespaces = try names("/run/netns").filter { $0.hasPrefix("\(tag)-") }
    try endProcesses(of: tag, namespaces, shell)
    for mount in try mounts(below: [scratch, "\(layers)/\(tag)"]).reversed() {
      // The lock is named after the device and the inode of the container's root.
      let lock = try shell.run(["stat", "--format", "\(containers)/locks/inode-%d:%i", mount])
      try shell.run(["umount", "--lazy", mount])
      try shell.run(["rm", "-f", lock.trimmed])
    }
    try removeContainers(of: tag, shell)
    do throws(Errno) {
      for namespace in namespaces { try NetworkNamespace.remove(namespace) }
    } catch {
      throw .system(error, doing: "removing the namespaces of \(tag)")
    }
    try removeControlGroups(of: tag)
    try shell.run(["rm", "-rf", "--one-file-system", "\(layers)/\(tag)"], within: .seconds(60))
    // The output file of this very command lies in the directory: it goes with it.
    _ = try Shell(scratch: root, tag: "cleaner").attempt(
      ["rm", "-rf", "--one-file-system", scratch])
  }

  private static func removeContainers(of tag: String, _ shell: Shell) throws(LabError) {
    let propagation = "\(containers)/propagate"
    if try exists(propagation) {
      for name in try names(propagation) where name.hasPrefix("\(tag)-") {
        try shell.run(["rm", "-rf", "--one-file-system", "\(propagation)/\(name)"])
      }
    }
  }

  private static func endProcesses(of tag: String, _ namespaces: [String], _ shell: Shell)
    throws(LabError)
  {
    try Waiting.until("the processes of \(tag) to end", within: .seconds(10), mayInterrupt: false) {
      () throws(LabError) in
      var left = ProcessTable.marked(with: "\(Shell.mark)=\(tag)")
      for namespace in namespaces { left += try ProcessTable.inside(namespace, shell) }
      left.removeAll { $0 == Processes.own }
      do throws(Errno) {
        for pid in left { try Processes.signal(pid, .kill) }
      } catch {
        throw LabError.system(error, doing: "ending the processes of \(tag)")
      }
      return left.isEmpty ? nil : "\(left.count) processes"
    }
  }

  /// Control groups are directories that the kernel removes when they are empty of processes.
  private static func removeControlGroups(of tag: String) throws(LabError) {
    // A process that was killed holds its group until the kernel has let go of it.
    try Waiting.until("the control groups of \(tag)", within: .seconds(10), mayInterrupt: false) {
      () throws(LabError) in
      for group in try ControlGroup.all(of: tag) where try !ControlGroup.remove(group) {
        return "\(group) is busy"
      }
      return nil
    }
  }

  private static func isOwned(_ tag: String) -> Bool {
    do throws(Errno) {
      let bytes = try Files.read(path: "\(directory(of: tag))/owner", limit: ownerLimit)
      let words = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace }
      guard words.count == 2, let pid = Int32(words[0]), let start = UInt64(words[1]) else {
        return false
      }
      return ProcessTable.startTime(of: pid) == start && ProcessTable.isAlive(pid)
    } catch {
      // A draft without an owner file belongs to a process that is between two system calls, or
      // dead.
      return draftOwner(tag).map { ProcessTable.isAlive($0) } ?? false
    }
  }

  private static func draftOwner(_ name: String) -> Int32? {
    let words = name.split(separator: "-")
    return words.count == 3 && words[0] == ".new" ? Int32(words[1]) : nil
  }

  /// Mount points below any of the directories, in the order they were made.
  private static func mounts(below directories: [String]) throws(LabError) -> [String] {
    do throws(Errno) {
      let bytes = try Files.read(path: "/proc/self/mounts", limit: Shell.outputLimit)
      let points = String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap {
        $0.split(separator: " ").dropFirst().first.map { String($0) }
      }
      return points.filter { point in directories.contains { point.hasPrefix($0 + "/") } }
    } catch {
      throw .system(error, doing: "reading /proc/self/mounts")
    }
  }

  /// The labs and the drafts of labs; other files may lie beside them.
  private static func labs() throws(LabError) -> [String] {
    try names(root).filter { $0.hasPrefix(prefix) || $0.hasPrefix(draft) }
  }

  private static func exists(_ path: String) throws(LabError) -> Bool {
    do throws(Errno) {
      return try Directories.exists(path)
    } catch {
      throw .system(error, doing: "looking for \(path)")
    }
  }

  private static func names(_ path: String) throws(LabError) -> [String] {
    do throws(Errno) {
      return try Directories.list(path)
    } catch {
      throw .system(error, doing: "listing \(path)")
    }
  }
}
