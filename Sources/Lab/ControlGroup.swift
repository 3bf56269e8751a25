// Control groups for containers: each gets its own, so that two systemds never share a tree.

import Linux

/// Groups called TAG-NAME at the top of the hierarchies in which systemd keeps units.
package enum ControlGroup {
  /// The named hierarchy of version 1, the unified one beside it, and the unified one alone.
  private static let hierarchies = [
    "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup",
  ]

  /// The hierarchies that this machine has.
  private static func present() throws(LabError) -> [String] {
    var found: [String] = []
    do throws(Errno) {
      for path in hierarchies where try Directories.exists("\(path)/cgroup.procs") {
        found.append(path)
      }
    } catch {
      throw .system(error, doing: "looking at the control groups")
    }
    return found
  }

  /// Makes the group and answers the files that a process writes its number to.
  static func make(_ name: String) throws(LabError) -> [String] {
    let hierarchies = try present()
    do throws(Errno) {
      for path in hierarchies { try Directories.makeIfMissing("\(path)/\(name)") }
    } catch {
      throw .system(error, doing: "making the control group \(name)")
    }
    return hierarchies.map { "\($0)/\(name)/cgroup.procs" }
  }

  /// The groups of a lab, as paths.
  static func all(of tag: String) throws(LabError) -> [String] {
    var found: [String] = []
    for path in try present() {
      do throws(Errno) {
        let names = try Directories.list(path).filter { $0.hasPrefix("\(tag)-") }
        found += names.map { "\(path)/\($0)" }
      } catch {
        throw .system(error, doing: "listing \(path)")
      }
    }
    return found
  }

  /// Removes a group and those below it; false when one still has a process.
  static func remove(_ path: String) throws(LabError) -> Bool {
    do throws(Errno) {
      for below in try groups(from: path).reversed() { try Directories.remove(below) }
      return true
    } catch .busy {
      return false
    } catch {
      throw .system(error, doing: "removing \(path)")
    }
  }

  /// A group and all below it, each after the one that holds it.
  private static func groups(from path: String) throws(Errno) -> [String] {
    var found = [path]
    var next = 0
    while next < found.count {
      let parent = found[next]
      for name in try Directories.list(parent)
      where try Directories.isDirectory("\(parent)/\(name)") {
        found.append("\(parent)/\(name)")
      }
      next += 1
    }
    return found
  }
}
