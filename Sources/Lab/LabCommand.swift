// The command line of hopshift-lab.

import Glibc
import Linux
import Model

/// The verbs of hopshift-lab, and the exit codes of the family: 0 ok, 1 failure, 2 usage, 4 no
/// permission.
package enum LabCommand {
  private static let usage = """
    usage: hopshift-lab demo [--deb FILE] [--plain] [--keep] [--verbose]
           hopshift-lab up
           hopshift-lab clean

      demo   moves a VIP between two appliances before your eyes and judges what was seen
               --deb FILE   the package to install (default: dist/hopshift_*.deb)
               --plain      no containers: the daemon in bare namespaces under setpriv
               --keep       leave everything running at the end, until interrupted
               --verbose    show how the laboratory is built
      up     builds the network of the demo without appliances and stays until interrupted
      clean  removes what killed laboratories have left behind

    Root only: everything happens in network namespaces that the laboratory makes and removes.
    """

  /// Runs the verb named on the command line and ends the process.
  package static func main() -> Never {
    exit(run(Array(CommandLine.arguments.dropFirst())))
  }

  private static func run(_ words: [String]) -> Int32 {
    Termination.hold()
    guard let verb = words.first else { return complain("a verb is missing") }
    if !["help", "--help", "-h"].contains(verb), Processes.effectiveUser != 0 {
      say("hopshift-lab: network namespaces need root\n")
      return 4
    }
    do throws(LabError) {
      switch (verb, Array(words.dropFirst())) {
      case ("help", _), ("--help", _), ("-h", _):
        print(usage)
        return 0
      case ("demo", let rest):
        guard let options = demoOptions(rest) else {
          return complain("'\(rest.joined(separator: " "))' is not understood")
        }
        var demo = Demo(options)
        return try demo.run() ? 0 : 1
      case ("up", []): return try up()
      case ("clean", []): return try clean()
      case (let verb, let rest) where AzureCommand.verbs.contains(verb):
        guard let status = try AzureCommand.run(verb, rest) else {
          return complain("'\(words.joined(separator: " "))' is not understood")
        }
        return status
      default: return complain("'\(words.joined(separator: " "))' is not understood")
      }
    } catch {
      say("hopshift-lab: \(error)\n")
      return 1
    }
  }

  /// To standard error. When nobody listens there any more the exit code still says it.
  private static func say(_ text: String) {
    do throws(Errno) {
      try StandardStream.error.write(Array(text.utf8).span)
    } catch {
      return
    }
  }

  private static func complain(_ what: String) -> Int32 {
    say("hopshift-lab: \(what)\n\n\(usage)\n")
    return 2
  }

  private static func demoOptions(_ words: [String]) -> Demo.Options? {
    var options = Demo.Options()
    var rest = words[...]
    while let word = rest.popFirst() {
      switch word {
      case "--plain": options.plain = true
      case "--keep": options.keep = true
      case "--verbose": options.verbose = true
      case "--deb":
        guard let file = rest.popFirst() else { return nil }
        options.package = file
      default: return nil
      }
    }
    return options
  }

  private static func up() throws(LabError) -> Int32 {
    let network = try VirtualNetwork()
    defer { network.lab.tearDown() }
    print("lab \(network.lab.tag) is up")
    Termination.flush()
    try Waiting.untilInterrupted()
    return 0
  }

  private static func clean() throws(LabError) -> Int32 {
    let removed = try Registry.sweep()
    print(removed.isEmpty ? "nothing to remove" : "removed \(removed.joined(separator: " "))")
    for (tag, isOwned) in try Registry.all() where isOwned { print("\(tag) is in use") }
    return 0
  }
}
