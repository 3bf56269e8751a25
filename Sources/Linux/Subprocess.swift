// A program beside us, perhaps in a network namespace, that does not outlive us; for tests.

import CLinux
import CSpawn
package import Model

/// A child process, leader of its own process group. The whole group is killed when this value
/// goes, and the child when the thread that started it ends (PR_SET_PDEATHSIG), so nothing is left
/// behind by a parent that was killed.
package struct Subprocess: ~Copyable {
  /// How it ended.
  package enum Exit: Equatable, Sendable {
    case exited(Int32)
    case signalled(Int32)
  }

  package let processID: Int32
  private let ending: Descriptor

  /// Executes `arguments`, the first looked up in PATH, with standard input from /dev/null. ENOENT
  /// when there is no such program or namespace. `environment` holds `NAME=value` and is inherited
  /// when nil; `output` is a file that standard output and error are appended to, and both are
  /// inherited when nil.
  package init(
    arguments: [String], environment: [String]? = nil, in namespace: String? = nil,
    output: String? = nil
  ) throws(Errno) {
    guard !arguments.isEmpty else { throw .invalidArgument }
    let network: Descriptor?
    if let namespace {
      network = try Files.open("/run/netns/\(namespace)", O_RDONLY)
    } else {
      network = nil
    }
    let file: Descriptor?
    if let output {
      file = try Files.open(output, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
    } else {
      file = nil
    }
    let networkNumber = Subprocess.number(network)
    let fileNumber = Subprocess.number(file)
    let words = CStrings(arguments)
    let variables = CStrings(environment ?? [])
    let hasEnvironment = environment != nil
    let processID = Int32(
      try system {
        unsafe cspawn_start(
          words.vector, hasEnvironment ? variables.vector : nil, networkNumber, fileNumber)
      })
    let ending: Descriptor
    do throws(Errno) {
      ending = Descriptor(adopting: Int32(try system { cspawn_descriptor(processID) }))
    } catch {
      Subprocess.end(processID)
      throw error
    }
    self.processID = processID
    self.ending = ending
  }

  deinit { Subprocess.end(processID) }

  private static func end(_ processID: Int32) {
    // The process id is ours until it is reaped, so this cannot hit a stranger; ESRCH is impossible
    // for the same reason.
    let killed = cspawn_signal(processID, SIGKILL)
    let reaped = cspawn_reap(processID)
    precondition(killed == 0 && reaped == 0, "a child of ours could not be ended")
  }

  /// A descriptor that becomes readable when it has ended.
  package var raw: Int32 { ending.raw }

  /// Sends a signal to its whole process group.
  package func signal(_ number: Int32) throws(Errno) {
    try system { cspawn_signal(processID, number) }
  }

  /// Waits for the end, but not beyond the deadline on the monotonic clock; nil when it still runs
  /// then.
  package func wait(until deadline: Instant) throws(Errno) -> Exit? {
    let left = deadline - Clock.monotonic()
    guard StreamSocket.wait(ending.raw, .read, for: max(left, .zero)) else { return nil }
    return try exit()
  }

  /// Whether it has not ended yet.
  package var isRunning: Bool {
    get throws(Errno) { try exit() == nil }
  }

  /// How it ended, nil while it runs. It is reaped only when this value goes, so its id cannot be
  /// given to another.
  package func exit() throws(Errno) -> Exit? {
    var signalled: Int32 = 0
    var status: Int32 = 0
    guard try system({ unsafe cspawn_peek(processID, &signalled, &status) }) > 0 else { return nil }
    return signalled != 0 ? .signalled(status) : .exited(status)
  }

  private static func number(_ descriptor: borrowing Descriptor?) -> Int32 {
    switch descriptor {
    case .some(let descriptor): descriptor.raw
    case .none: -1
    }
  }
}

/// Strings as exec takes them: an array of pointers that ends with a null pointer.
@safe
struct CStrings: ~Copyable {
  let vector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let count: Int

  init(_ strings: [String]) {
    count = strings.count
    unsafe vector = .allocate(capacity: strings.count + 1)
    for (position, string) in strings.enumerated() {
      let copy = unsafe strdup(string)
      unsafe (vector + position).initialize(to: copy)
    }
    unsafe (vector + strings.count).initialize(to: nil)
  }

  deinit {
    for position in 0..<count { unsafe free(vector[position]) }
    unsafe vector.deallocate()
  }
}
