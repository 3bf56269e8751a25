// The table of arrows between rooms, and how Package.swift and the imports are read against it.
import Foundation

/// Which module may import which. The same stands in Package.swift, and the tests compare both.
enum Arrows {
  static let rooms: [String: Set<String>] = [
    "Model": [],
    "Bytes": [],
    "Rtnetlink": ["Model", "Bytes", "CNetlink"],
    "BGP": ["Model", "Bytes"],
    "Probes": ["Model", "Bytes"],
    "Failover": ["Model"],
    "Hello": ["Model", "Bytes"],
    "Redistribution": ["Model"],
    "Configuration": ["Model"],
    "Azure": ["Model"],
    "Control": ["Model"],
    "Journal": ["Model"],
    "Console": ["Model", "Control"],
    "Metrics": ["Control"],
    "Platform": ["Model", "Bytes"],
    "Management": ["Model", "Platform"],
    "Engine": [
      "Model", "Bytes", "Rtnetlink", "BGP", "Probes", "Failover", "Hello", "Redistribution",
    ],
    "Chronicle": ["Model", "Rtnetlink", "BGP", "Probes", "Failover", "Engine", "Journal"],
    "Linux": ["Model", "CLinux", "CLab", "CMnl", "CCap", "CSystemd", "CSpawn"],
    "YAML": ["Model", "CYaml"],
    "Seal": ["CSodium"],
    "Store": ["Model", "CSQLite"],
    "HTTPS": ["Model", "CCurl"],
    "WebServer": ["Model", "CMicrohttpd"],
    "Daemon": [
      "Model", "BGP", "Probes", "Failover", "Hello", "Redistribution", "Engine", "Journal",
      "Chronicle", "Configuration", "Control", "Linux", "Seal", "YAML",
    ],
    "Courier": [
      "Model", "Azure", "Control", "Linux", "Metrics", "Store", "HTTPS", "WebServer",
    ],
    "Lab": ["Model", "Bytes", "Platform", "Management", "Control", "Linux", "WebServer"],
    "hopshiftd": ["Daemon"],
    "hopshift-courier": ["Courier"],
    "hopshift": [
      "Model", "Engine", "Journal", "Chronicle", "Configuration", "Console", "Control", "Linux",
      "Metrics", "YAML",
    ],
    "hopshift-lab": ["Lab"],
  ]

  static let tests: [String: Set<String>] = [
    "ModelTests": ["Model"],
    "BytesTests": ["Bytes"],
    "RtnetlinkTests": ["Rtnetlink", "Model", "Bytes", "CNetlink", "CMnl"],
    "BGPTests": ["BGP", "Model", "Bytes"],
    "ProbesTests": ["Probes", "Model", "Bytes"],
    "FailoverTests": ["Failover", "Model"],
    "RedistributionTests": ["Redistribution", "Model"],
    "HelloTests": ["Hello", "Model"],
    "ConfigurationTests": ["Configuration", "YAML", "Model"],
    "AzureTests": ["Azure", "Model"],
    "ControlTests": ["Control", "Model"],
    "ConsoleTests": ["Console", "Control", "Model"],
    "MetricsTests": ["Metrics", "Control"],
    "JournalTests": ["Journal", "Model"],
    "ChronicleTests": [
      "World", "Courier", "Chronicle", "Journal", "Engine", "Failover", "Hello", "Probes", "BGP",
      "Configuration",
      "YAML", "Model",
    ],
    "CommandTests": ["Control", "Linux", "Model"],
    "World": [
      "Engine", "Failover", "Hello", "Redistribution", "Model", "BGP", "Chronicle", "Journal",
      "Configuration", "Probes",
    ],
    "Simulate": ["World"],
    "EngineTests": [
      "World", "Engine", "Failover", "Hello", "Probes", "Redistribution", "Model", "Bytes", "BGP",
    ],
    "LinuxTests": ["Linux", "Model"],
    "YAMLTests": ["YAML", "Model"],
    "SealTests": ["Seal"],
    "StoreTests": ["Store", "Model"],
    "WebServerTests": ["WebServer", "Linux", "Model"],
    "HTTPSTests": ["HTTPS", "Model"],
    "CourierTests": ["Courier", "Azure", "Control", "Metrics", "Linux", "Store", "Model"],
    "DaemonTests": [
      "World", "Daemon", "BGP", "Engine", "Failover", "Hello", "Journal", "Chronicle", "Control",
      "Linux", "Probes", "Seal", "Model",
    ],
    "SimulationTests": ["World", "Model"],
    "PlatformTests": ["Platform", "Model"],
    "ManagementTests": ["Management", "Platform", "Model"],
    "LabTests": ["Lab", "Platform", "Management", "Control", "Model"],
    "RestTests": ["Lab", "Azure", "HTTPS", "Control", "Model"],
    "NamespaceTests": [
      "Lab", "Platform", "Linux", "Model", "Engine", "Failover", "Hello", "Seal", "Control",
    ],
    "TidyTests": [],
  ]

  /// Rooms that know no descriptor, clock, random number, environment or thread.
  static let pure: Set<String> = [
    "Model", "Bytes", "Rtnetlink", "BGP", "Probes", "Failover", "Hello", "Redistribution", "Azure",
    "Configuration", "Control", "Console", "Journal", "Platform", "Management", "Engine",
    "Chronicle",
  ]

  /// Rooms that touch memory by address because a C library wants it.
  static let edge: Set<String> = ["Linux", "YAML", "Seal", "Store", "HTTPS", "WebServer"]

  /// Tests that hand C libraries their memory: libmnl as the judge of our decoder, the edge itself,
  /// the environment that names the programs under test, and sockets with tiny buffers.
  static let testsWithPointers: Set<String> = [
    "RtnetlinkTests", "LinuxTests", "YAMLTests", "NamespaceTests", "DaemonTests",
    "HTTPSTests", "RestTests",
  ]

  /// Modules of the toolchain: libc where a kernel or a person is spoken to, Foundation in tests,
  /// and locks where there is a second thread: the laboratory's client, the courier's disk, and the
  /// file that the daemon reads again.
  static func isAllowed(toolchain module: String, in file: SourceFile) -> Bool {
    guard let target = file.target else { return false }
    switch module {
    case "Testing", "Foundation": return file.isTest
    // JSON of strangers is read by who knows how; the daemon reads none.
    case "FoundationEssentials": return file.isTest || target == "Azure"
    case "Glibc": return file.isTest || (rooms[target] != nil && !pure.contains(target))
    case "Synchronization": return file.isTest || ["Lab", "Courier", "Daemon"].contains(target)
    default: return false
    }
  }

  /// Everything that ends up in a program, itself included.
  static func linked(by program: String, in table: [String: Set<String>] = rooms) -> Set<String> {
    var reached: Set<String> = []
    var open = [program]
    while let next = open.popLast() {
      guard reached.insert(next).inserted else { continue }
      open += table[next] ?? []
    }
    return reached
  }

  /// The rooms that can be reached from themselves.
  static func loops(in table: [String: Set<String>]) -> [String] {
    table.keys.sorted().filter { room in
      (table[room] ?? []).contains { linked(by: $0, in: table).contains(room) }
    }
  }

  /// What Package.swift declares by `room`, `program`, `kit`, `runner` and `tests`.
  static func declared(in package: String) -> [String: Set<String>] {
    var result: [String: Set<String>] = [:]
    let call = /\b(?:room|program|kit|runner|tests)\(\s*"([^"]+)"(?:\s*,\s*\[([^\]]*)\])?/
    for match in package.matches(of: call) {
      let imports = (match.2 ?? "").matches(of: /"([^"]+)"/).map { String($0.1) }
      result[String(match.1)] = Set(imports)
    }
    return result
  }

  /// The modules that a file imports, with their lines.
  static func imports(of file: SourceFile) -> [(line: Int, module: String)] {
    let statement =
      /^\s*(?:@\w+\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|typealias|func|let|var)\s+)?(\w+)/
    return file.code.enumerated().compactMap { index, line in
      guard line.contains("import"), let match = line.firstMatch(of: statement) else { return nil }
      return (index + 1, String(match.1))
    }
  }
}
