// Named network namespaces, as ip-netns(8) keeps them; for the laboratory and the tests, root only.

import CLinux

/// A named network namespace. One that was created here is removed when this value goes.
package struct NetworkNamespace: ~Copyable {
  private static let directory = "/run/netns"
  private static let current = "/proc/thread-self/ns/net"

  package let name: String
  private let descriptor: Descriptor
  private let isOurs: Bool

  /// The descriptor of the namespace.
  package var raw: Int32 { descriptor.raw }

  /// Makes a new namespace, with nothing in it but a loopback that is down. EEXIST when the name is
  /// taken.
  package static func create(_ name: String) throws(Errno) -> NetworkNamespace {
    let path = try path(of: name)
    try prepareDirectory()
    // The file is only what the namespace is mounted on.
    try Files.open(path, O_RDONLY | O_CREAT | O_EXCL, mode: 0).close()
    do throws(Errno) {
      let home = try Files.open(current, O_RDONLY)
      try system { clinux_leave_network() }
      defer { NetworkNamespace.goBack(to: home) }
      try system {
        unsafe path.withCString { unsafe clinux_bind_mount(NetworkNamespace.current, $0) }
      }
    } catch {
      try Files.removeIfPresent(path)
      throw error
    }
    return NetworkNamespace(
      name: name, descriptor: try Files.open(path, O_RDONLY), isOurs: true)
  }

  /// Opens a namespace that exists; it stays when this value goes.
  package static func open(_ name: String) throws(Errno) -> NetworkNamespace {
    let path = try path(of: name)
    return NetworkNamespace(
      name: name, descriptor: try Files.open(path, O_RDONLY), isOurs: false)
  }

  /// Removes a name, whoever made it; the namespace itself goes with its last process and socket. A
  /// name that does not exist is no error.
  package static func remove(_ name: String) throws(Errno) {
    let path = try path(of: name)
    do throws(Errno) {
      try system { unsafe path.withCString { unsafe clinux_detach_mount($0) } }
    } catch {
      // EINVAL: a file that nothing is mounted on, left by a creation that was killed half-way.
      guard error == .noSuchFile || error == .invalidArgument else { throw error }
    }
    try Files.removeIfPresent(path)
  }

  /// Makes the directory a mount of its own that is shared with other mount namespaces, exactly as
  /// ip-netns(8) does, under the lock that it takes too. Left out, the next `ip netns add` would
  /// put such a mount over ours, and a name could not be removed any more.
  private static func prepareDirectory() throws(Errno) {
    do throws(Errno) {
      try system { unsafe clinux_mkdir(directory, 0o755) }
    } catch {
      if error != .fileExists { throw error }
    }
    let lock = try Files.open(directory, O_RDONLY | O_DIRECTORY)
    try system { clinux_flock(lock.raw, LOCK_EX) }
    do throws(Errno) {
      try system { unsafe clinux_share_mount(directory) }
    } catch {
      // EINVAL: a plain directory, not a mount.
      guard error == .invalidArgument else { throw error }
      try system { unsafe clinux_bind_mount(directory, directory) }
      try system { unsafe clinux_share_mount(directory) }
    }
  }

  private init(name: String, descriptor: consuming Descriptor, isOurs: Bool) {
    self.name = name
    self.descriptor = descriptor
    self.isOurs = isOurs
  }

  deinit {
    guard isOurs else { return }
    do throws(Errno) {
      try NetworkNamespace.remove(name)
    } catch {
      preconditionFailure("a namespace of ours could not be removed")
    }
  }

  /// Runs a closure with this thread inside the namespace and comes back. A socket stays where it
  /// was opened.
  package func run<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let home = enter()
    defer { NetworkNamespace.goBack(to: home) }
    return try body()
  }

  private func enter() -> Descriptor {
    do throws(Errno) {
      let home = try Files.open(NetworkNamespace.current, O_RDONLY)
      try system { clinux_enter_network(descriptor.raw) }
      return home
    } catch {
      preconditionFailure("cannot enter a namespace that is open: not root, or out of descriptors")
    }
  }

  /// Going on in the wrong namespace would be worse than ending.
  private static func goBack(to home: borrowing Descriptor) {
    let result = clinux_enter_network(home.raw)
    precondition(result == 0, "cannot return to the network namespace this thread came from")
  }

  /// One file name of at most 255 bytes (NAME_MAX), as ip-netns(8) takes it.
  private static func path(of name: String) throws(Errno) -> String {
    guard !name.isEmpty, name.utf8.count <= 255, name != ".", name != "..",
      !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0)
    else { throw .invalidArgument }
    return "\(directory)/\(name)"
  }
}
