// What the tests of the configuration share: texts in, reports and rendered problems out.
import Configuration
import Model
import Testing
import YAML

/// Checks a text as a file; a text that is no tree has one problem.
func check(_ text: String) -> ConfigurationReport {
  do {
    return Configuration.check(try YAML.parse(Array(text.utf8)))
  } catch {
    let problem = Problem(
      severity: .error, position: error.position, path: "", message: error.message,
      suggestion: error.suggestion)
    return ConfigurationReport(plan: nil, problems: [problem])
  }
}

/// All problems of a text as they are printed, without the warning that every file with a VIP gets.
func rendered(_ text: String) -> String {
  let problems = check(text).problems.filter { !$0.message.hasPrefix("owners do not hear") }
  return ProblemRenderer(file: "f.yaml", bytes: Array(text.utf8)).render(problems)
}

/// A file of one owner pair; each argument replaces the lines of one part.
func file(
  local: String = "asn: 65001\n  address: 10.0.2.10",
  servers: String = "peers: [10.0.1.4, 10.0.1.5]",
  vips: String = "web:\n    prefixes: [10.1.0.5/32]\n    owner: {when: address}",
  hosts: String? = nil
) -> String {
  "local:\n  \(local)\nroute-servers:\n  \(servers)\nvips:\n  \(vips)\n"
    + (hosts.map { "hosts:\n  \($0)\n" } ?? "")
}

/// The Plan of `file()`.
let plainPlan = Plan(
  local: Plan.Local(
    asn: ASNumber(65_001), address: IPv4Address(10, 0, 2, 10),
    identifier: IPv4Address(10, 0, 2, 10)),
  routeServers: Plan.RouteServers(
    platform: .azure, asn: ASNumber(65_515), holdTime: .seconds(30),
    peers: [IPv4Address(10, 0, 1, 4), IPv4Address(10, 0, 1, 5)], damping: .azure),
  vips: [
    Plan.VIP(
      name: "web", prefixes: [hostPrefix(10, 1, 0, 5)],
      owner: Plan.Owner(address: .v4(IPv4Address(10, 1, 0, 5)), interfaces: []))
  ])

func hostPrefix(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) -> Prefix {
  guard let prefix = Prefix(.v4(IPv4Address(a, b, c, d)), length: 32) else {
    preconditionFailure("32 bits are within an IPv4 address")
  }
  return prefix
}
