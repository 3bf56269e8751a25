// `hopshiftd` from its first word to its exit code.

import Chronicle
import Control
import Journal
import Linux
import Model
import Seal

/// Something that had to work before the loop could begin.
struct StartError: Error {
  var what: String
  var error: Errno

  static func wrap<Result: ~Copyable>(
    _ what: String, _ body: () throws(Errno) -> Result
  ) throws(StartError) -> Result {
    do throws(Errno) {
      return try body()
    } catch {
      throw StartError(what: what, error: error)
    }
  }
}

/// The program.
package enum Program {
  /// `arguments` without the program's name; the answer is the exit code.
  package static func run(_ arguments: [String]) -> Int32 {
    do throws(Errno) {
      try StandardStream.fillGaps()
      // Standard error is a stream too: a journal that was killed must not take us with it, also
      // where no service manager has seen to that.
      try BrokenPipe.ignoreSignal()
    } catch {
      return ExitCode.failure.rawValue
    }
    let options: Options
    do throws(UsageError) {
      options = try Options(arguments)
    } catch {
      say("hopshiftd: \(error.text)\n\(Options.usage)", on: .error)
      return ExitCode.usage.rawValue
    }
    switch options.action {
    case .help: return say(Options.usage, on: .output)
    case .version: return say("hopshiftd \(Release.version)\n", on: .output)
    case .check, .run: return start(options)
    }
  }

  /// Says it and answers how the program ends: words that nobody took are a failure.
  @discardableResult
  private static func say(_ text: String, on stream: StandardStream) -> Int32 {
    do throws(Errno) {
      try stream.write(Array(text.utf8).span)
      return ExitCode.ok.rawValue
    } catch {
      return ExitCode.failure.rawValue
    }
  }

  private static func start(_ options: Options) -> Int32 {
    let loaded = Startup.load(options.configuration)
    // A file of 100,000 prefixes takes 20 MiB to read, and none of it afterwards.
    Memory.giveBack()
    switch loaded {
    case .failed(let text):
      say(text, on: .error)
      return ExitCode.badConfiguration.rawValue
    case .plan(let plan, let warnings, let text):
      if !warnings.isEmpty { say(warnings, on: .error) }
      switch Startup.protection(of: plan) {
      case .failure(let problem):
        say(problem.text, on: .error)
        return ExitCode.badConfiguration.rawValue
      case .success(let protection): return start(plan, text, protection, options)
      }
    }
  }

  private static func start(
    _ plan: Plan, _ text: [UInt8], _ protection: TCPProtection, _ options: Options
  ) -> Int32 {
    switch Startup.key(of: plan) {
    case .failure(let problem):
      say(problem.text, on: .error)
      return ExitCode.badConfiguration.rawValue
    case .success(let key):
      if options.action == .check { return ExitCode.ok.rawValue }
      return serve(plan, text, protection, key, options)
    }
  }

  /// The socket of hello, when there is a group.
  private static func groupDoor(
    _ plan: Plan, _ key: SealKey?, _ log: Log
  ) throws(StartError) -> GroupDoor? {
    guard let group = plan.group, let key else { return nil }
    let place = "\(group.address), port \(group.port)"
    let door = try StartError.wrap("hello on \(place)") { () throws(Errno) in
      try GroupDoor(group, key: key)
    }
    let others = group.peers.map(\.description).joined(separator: ", ")
    log.notice(.listening, "hello on \(place), with \(others)")
    return door
  }

  /// Gives up every capability but that which opening packet and raw sockets needs, if the Plan
  /// has such probes, and says what was given and what is left. What is left is not in force until
  /// a socket is opened.
  private static func dropCapabilities(_ plan: Plan, _ log: Log) throws(Errno) -> String {
    let given = try Capabilities.held()
    let needed: [Capability] = ProbeSockets.needRawSockets(plan) ? [.netRaw] : []
    let left = try Capabilities.drop(keeping: needed)
    for capability in left { try Capabilities.lower(capability) }
    let kept = left.map(\.description)
    let words = kept.isEmpty ? "none" : kept.joined(separator: " ")
    let dropped = given.filter { !kept.contains($0) }
    log.notice(
      .started,
      "hopshiftd \(Release.version) starts; capabilities kept: \(words); dropped: "
        + (dropped.isEmpty ? "none" : dropped.joined(separator: " ")))
    return words
  }

  private static func serve(
    _ plan: Plan, _ text: [UInt8], _ protection: TCPProtection, _ key: SealKey?,
    _ options: Options
  ) -> Int32 {
    let log = Log(threshold: .info)
    do throws(StartError) {
      let capabilities = try StartError.wrap("capabilities") { () throws(Errno) in
        try dropCapabilities(plan, log)
      }
      // Those who compare it with the file were started elsewhere.
      let path = try StartError.wrap("the path of the configuration") { () throws(Errno) in
        try Files.absolute(options.configuration)
      }
      let facts = ProcessFacts(
        configuration: path, configurationText: text,
        configurationSum: Checksum.of(text.span),
        processID: Accounts.processID(), capabilities: capabilities,
        mayOpenRawSockets: ProbeSockets.needRawSockets(plan), started: Clock.monotonic())
      let state = StateFile(path: options.state, log: log)
      let door = try Door(plan, protection, log: log)
      let group = try groupDoor(plan, key, log)
      var loop = try Loop(
        plan, facts: facts, log: log, control: options.control, state: state, door: door,
        group: group,
        protection: protection)
      try StartError.wrap("event loop") { () throws(Errno) in try loop.run() }
      log.notice(.ended, "hopshiftd ends")
      return ExitCode.ok.rawValue
    } catch {
      log.error(.failed, "\(error.what): \(error.error)")
      return ExitCode.failure.rawValue
    }
  }
}
