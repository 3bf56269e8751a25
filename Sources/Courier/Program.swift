// `hopshift-courier` from its first word to its exit code.

import Control
import Linux
import Model

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
      // libcurl is told to leave signals alone, so nothing else protects what it and TLS write.
      try BrokenPipe.ignoreSignal()
      try StandardStream.fillGaps()
    } catch {
      return ExitCode.failure.rawValue
    }
    let options: Options
    do throws(UsageError) {
      options = try Options(arguments)
    } catch {
      say("hopshift-courier: \(error.text)\n\(Options.usage)", on: .error)
      return ExitCode.usage.rawValue
    }
    switch options.action {
    case .help: return say(Options.usage, on: .output)
    case .version: return say("hopshift-courier \(Release.version)\n", on: .output)
    case .run: return serve(options)
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

  private static func serve(_ options: Options) -> Int32 {
    let log = Log(threshold: .info, identifier: "hopshift-courier")
    do throws(StartError) {
      // Before the first token, and before a thread would keep what the process gives up.
      try StartError.wrap("core files") { () throws(Errno) in try Memory.keepToItself() }
      try StartError.wrap("capabilities") { () throws(Errno) in
        _ = try Capabilities.drop(keeping: [])
      }
      let seed = try StartError.wrap("random numbers") { () throws(Errno) in try Entropy.seed() }
      let loop = try Loop(options, log: log, seed: seed)
      log.notice(.started, "hopshift-courier \(Release.version) starts")
      try StartError.wrap("event loop") { () throws(Errno) in try loop.run() }
      log.notice(.stopping, "hopshift-courier ends")
      return ExitCode.ok.rawValue
    } catch {
      log.write(
        .error, "\(error.what): \(error.error)",
        [("MESSAGE_ID", CourierMessage.failed.rawValue)])
      return ExitCode.failure.rawValue
    }
  }
}
