// The command line of hopshift-lab.

import Glibc
import Linux
import Management
import Model
import Platform

/// The verbs of hopshift-lab, and the exit codes of the family: 0 ok, 1 failure, 2 usage, 4 no
/// permission.
package enum LabCommand {
  private static let usage = """
    usage: hopshift-lab demo [pair|watcher|udr|redistribute] [--deb FILE] [--html FILE]
                             [--plain] [--keep] [--verbose] [--platform KIND]
           hopshift-lab run FILE... [--daemon FILE] [--platform KIND] [--quirks azure]
                           [--quirk NAME=VALUE]...
           hopshift-lab up [LAYOUT] [--taps] [--separate] [--simulated] [--tables[=MODE]]
                           [--daemon FILE] [--platform KIND] [--quirks azure]
                           [--quirk NAME=VALUE]...
           hopshift-lab status | down [--lab TAG]
           hopshift-lab exec [--lab TAG] HOST PROGRAM [WORD...]
           hopshift-lab move HOST [--lab TAG]
           hopshift-lab fault NAME [HOST] [AMOUNT] [--lab TAG]
           hopshift-lab fault rest|metadata NAME [calls=WHICH] [times=N] [value=TEXT] [--lab TAG]
           hopshift-lab mend [NAME] [HOST] [--lab TAG]
           hopshift-lab mend rest|metadata [NAME] [--lab TAG]
           hopshift-lab quirk NAME VALUE [INSTANCE] [--lab TAG]
           hopshift-lab measure --vip ADDRESS --hosts A,B --command TEXT
                                [--mend TEXT] [--history TEXT] [--shifts N] [--pause SECONDS]
                                [--report FILE]
           hopshift-lab measure server --servers A,B --address LOCAL --asn NUMBER
                                [--block PREFIX] [--most N] [--report FILE]
           hopshift-lab list | layouts | faults | quirks | clean

      demo     moves a VIP before your eyes and judges what was seen: between two appliances,
               between two servers that a watcher asks, beside the means of the article, by a
               route table, or by the routes of an appliance's kernel
                 --deb FILE   the package to install (default: dist/hopshift_*.deb)
                 --html FILE  write what was seen as a page
                 --plain      no containers: the daemon in bare namespaces under setpriv
                 --keep       leave everything running at the end, until interrupted
                 --verbose    show how the laboratory is built
      run      plays scenarios: each a file of events and of what must be seen
      up       builds a layout (default: pair) and stays until interrupted or told `down`
                 --platform KIND  the simulated platform; its route servers are `simulated` or
                                  `bird`, `frr`, `gobgp` (default: BIRDs and no platform)
                 --quirks azure   with Azure's delays and damping
                 --quirk NAME=VALUE  one quirk of it; `quirks` lists them with their values
                 --taps           appliances and servers have taps for network cards
                 --separate       every host alone on its cable, behind Azure's MAC
                 --simulated      the simulated platform, as with --platform simulated
                 --tables[=MODE]  a route table beside BGP: floor, fallback or mirror
      status   who answers, what the route servers hold
      exec     runs a program in a host
      move     moves the address of the VIP, as keepalived would
      fault    lets something go wrong; `faults` lists what
      mend     undoes one fault, or all
      quirk    changes a quirk of the simulated route servers while they run
      measure  measures shifts of a VIP that is not ours, in Azure: see the manual; with
               `server`, which hold times a route server takes and how it counts routes
      list     the laboratories that are up
      clean    removes what killed laboratories have left behind

    Root only, but for measure: all else happens in namespaces that the laboratory makes itself.
    """

  /// Runs the verb named on the command line and ends the process.
  package static func main() -> Never {
    exit(run(Array(CommandLine.arguments.dropFirst())))
  }

  private static func run(_ words: [String]) -> Int32 {
    guard let verb = words.first else { return complain("a verb is missing") }
    // What stands behind may be meant for a program that `exec` is to run.
    let second = words.dropFirst().first
    if ["help", "--help", "-h"].contains(verb) || ["--help", "-h"].contains(second) {
      print(usage)
      return 0
    }
    // The one only asks a VIP that is there already, the other only listens.
    if Processes.effectiveUser != 0 && verb != "measure" && verb != "rest" {
      say("hopshift-lab: network namespaces need root\n")
      return 4
    }
    let rest = Array(words.dropFirst())
    do throws(LabError) {
      // A program that takes our place shall end when it is interrupted.
      if verb == "exec" { return try SceneCommand.exec(rest) }
      Termination.hold()
      guard let code = try run(verb, rest) else {
        return complain("'\(words.joined(separator: " "))' is not understood")
      }
      return code
    } catch {
      say("hopshift-lab: \(error)\n")
      return 1
    }
  }

  /// Nil when the words are not understood.
  private static func run(_ verb: String, _ rest: [String]) throws(LabError) -> Int32? {
    switch (verb, rest) {
    case ("demo", _):
      guard let options = try demoOptions(rest) else { return nil }
      if options.layout == "watcher" {
        var demo = WatcherDemo(options)
        return try demo.run() ? 0 : 1
      }
      if options.layout == "udr" {
        var demo = TableDemo(options)
        return try demo.run() ? 0 : 1
      }
      if options.layout == "redistribute" {
        var demo = RouteDemo(options)
        return try demo.run() ? 0 : 1
      }
      var demo = Demo(options)
      return try demo.run() ? 0 : 1
    case ("run", _): return try ScenarioCommand.run(rest)
    case ("up", _): return try SceneCommand.up(rest)
    case ("down", _), ("status", _), ("move", _), ("fault", _), ("mend", _),
      ("quirk", _):
      return try SceneCommand.ask(verb, rest)
    case ("measure", _) where rest.first == "server":
      return try ServerMeasure.run(Array(rest.dropFirst()))
    case ("measure", _): return try MeasureCommand.run(rest)
    case ("list", []): return try SceneCommand.list()
    case ("layouts", []):
      for layout in Layout.all { print("\(padded(layout.name, 12))\(layout.summary)") }
      return 0
    case ("faults", []):
      for fault in Fault.allCases { print("\(padded(fault.rawValue, 20))\(fault.summary)") }
      print("of the resource manager (rest) and the metadata service (metadata):")
      for mischief in Mischief.allCases {
        print("\(padded(mischief.rawValue, 20))\(mischief.summary)")
      }
      return 0
    case ("quirks", []):
      for name in Quirks.names {
        let texts = [Quirks.measuring, .azure].map { $0.text(of: name) ?? "" }
        print(padded(name, 24) + padded(texts[0], 10) + (texts[0] == texts[1] ? "" : texts[1]))
      }
      return 0
    case ("clean", []): return try clean()
    case _ where AzureCommand.verbs.contains(verb): return try AzureCommand.run(verb, rest)
    default: return nil
    }
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.count, 1))
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

  private static func demoOptions(_ words: [String]) throws(LabError) -> Demo.Options? {
    var options = Demo.Options()
    var rest = words[...]
    while let word = rest.popFirst() {
      switch word {
      case "--plain": options.plain = true
      case "--keep": options.keep = true
      case "--verbose": options.verbose = true
      case "pair", "watcher", "udr", "redistribute": options.layout = word
      case "--html":
        guard let file = rest.popFirst() else { return nil }
        options.page = file
      case "--deb":
        guard let file = rest.popFirst() else { return nil }
        options.package = file
      default:
        guard try options.casting.take(word, &rest) else { return nil }
      }
    }
    if options.layout == "pair", options.casting.cast != nil { return nil }
    return options
  }

  private static func clean() throws(LabError) -> Int32 {
    let removed = try Registry.sweep()
    print(removed.isEmpty ? "nothing to remove" : "removed \(removed.joined(separator: " "))")
    for (tag, isOwned) in try Registry.all() where isOwned { print("\(tag) is in use") }
    return 0
  }
}
