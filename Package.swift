// swift-tools-version: 6.3
// The rooms of hopshift and the arrows between them; Sources/README.md draws the same as a map.
import PackageDescription

/// Every Swift target is compiled the same way: no warning, no unchecked memory, no hidden import.
let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A room: one library target that may import exactly the targets named.
func room(_ name: String, _ imports: [String] = []) -> Target {
  .target(
    name: name, dependencies: imports.map { .init(stringLiteral: $0) },
    swiftSettings: strict)
}

/// A program: `main` and nothing else.
func program(_ name: String, _ imports: [String]) -> Target {
  .executableTarget(
    name: name, dependencies: imports.map { .init(stringLiteral: $0) }, swiftSettings: strict)
}

/// A C library or header family, reached through one header of shims.
func cModule(_ name: String, pkgConfig: String? = nil, apt: String? = nil) -> Target {
  .systemLibrary(
    name: name, path: "CModules/\(name)", pkgConfig: pkgConfig,
    providers: apt.map { [.apt([$0])] })
}

/// What several test targets stand on.
func kit(_ name: String, _ imports: [String]) -> Target {
  .target(
    name: name, dependencies: imports.map { .init(stringLiteral: $0) }, path: "Tests/\(name)",
    swiftSettings: strict)
}

/// A program that only tests run.
func runner(_ name: String, _ imports: [String]) -> Target {
  .executableTarget(
    name: name, dependencies: imports.map { .init(stringLiteral: $0) }, path: "Tests/\(name)",
    swiftSettings: strict)
}

/// The tests of one room, or of several together.
func tests(_ name: String, _ imports: [String], resources: [Resource] = []) -> Target {
  .testTarget(
    name: name, dependencies: imports.map { .init(stringLiteral: $0) },
    resources: resources, swiftSettings: strict)
}

let package = Package(
  name: "hopshift",
  targets: [
    // Floor 0: C, as it is.
    cModule("CNetlink"),
    cModule("CLinux"),
    cModule("CLab"),
    cModule("CMnl", pkgConfig: "libmnl", apt: "libmnl-dev"),
    cModule("CCap", pkgConfig: "libcap", apt: "libcap-dev"),
    cModule("CSystemd", pkgConfig: "libsystemd", apt: "libsystemd-dev"),
    cModule("CYaml", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
    cModule("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
    cModule("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
    cModule("CSodium", pkgConfig: "libsodium", apt: "libsodium-dev"),
    cModule("CMicrohttpd", pkgConfig: "libmicrohttpd", apt: "libmicrohttpd-dev"),
    // The one C file: what happens between fork and exec cannot be a shim, nor be written in Swift.
    .target(name: "CSpawn", path: "CModules/CSpawn"),

    // Floor 1: nouns and bytes.
    room("Model"),
    room("Bytes"),

    // Floor 2: pure rooms.
    room("Rtnetlink", ["Model", "Bytes", "CNetlink"]),
    room("BGP", ["Model", "Bytes"]),
    room("Probes", ["Model", "Bytes"]),
    room("Failover", ["Model"]),
    room("Hello", ["Model", "Bytes"]),
    room("Redistribution", ["Model"]),
    room("Configuration", ["Model"]),
    room("Azure", ["Model"]),
    room("Control", ["Model"]),
    room("Journal", ["Model"]),
    room("Console", ["Model", "Control"]),
    room("Metrics", ["Control"]),
    room("Platform", ["Model", "Bytes"]),
    room("Management", ["Model", "Platform"]),

    // Floor 3: one deterministic machine.
    room(
      "Engine",
      ["Model", "Bytes", "Rtnetlink", "BGP", "Probes", "Failover", "Hello", "Redistribution"]),
    room(
      "Chronicle", ["Model", "Rtnetlink", "BGP", "Probes", "Failover", "Engine", "Journal"]),

    // The edge: one C library each, made safe.
    room("Linux", ["Model", "CLinux", "CLab", "CMnl", "CCap", "CSystemd", "CSpawn"]),
    room("YAML", ["Model", "CYaml"]),
    room("Seal", ["CSodium"]),
    room("Store", ["Model", "CSQLite"]),
    room("HTTPS", ["Model", "CCurl"]),
    room("WebServer", ["Model", "CMicrohttpd"]),

    // Floor 4: who owns the descriptors and the loop.
    room(
      "Daemon",
      [
        "Model", "BGP", "Probes", "Failover", "Hello", "Redistribution", "Engine", "Journal",
        "Chronicle", "Configuration", "Control", "Linux", "Seal", "YAML",
      ]),
    room(
      "Courier", ["Model", "Azure", "Control", "Linux", "Metrics", "Store", "HTTPS", "WebServer"]),
    room(
      "Lab", ["Model", "Bytes", "Platform", "Management", "Control", "Linux", "WebServer"]),

    // Floor 5: programs.
    program("hopshiftd", ["Daemon"]),
    program("hopshift-courier", ["Courier"]),
    program(
      "hopshift",
      [
        "Model", "Engine", "Journal", "Chronicle", "Configuration", "Console", "Control", "Linux",
        "Metrics", "YAML",
      ]),
    program("hopshift-lab", ["Lab"]),

    // What tests put around the engine: kernels, route servers, a clock that waits for nobody.
    kit(
      "World",
      [
        "Engine", "Failover", "Hello", "Redistribution", "Model", "BGP", "Chronicle", "Journal",
        "Configuration", "Probes",
      ]),
    runner("Simulate", ["World"]),

    // Tests mirror the rooms.
    tests("ModelTests", ["Model"]),
    tests("BytesTests", ["Bytes"]),
    tests("RtnetlinkTests", ["Rtnetlink", "Model", "Bytes", "CNetlink", "CMnl"]),
    tests("BGPTests", ["BGP", "Model", "Bytes"], resources: [.copy("Vectors")]),
    tests("ProbesTests", ["Probes", "Model", "Bytes"]),
    tests("FailoverTests", ["Failover", "Model"]),
    tests("RedistributionTests", ["Redistribution", "Model"]),
    tests("HelloTests", ["Hello", "Model"], resources: [.copy("Vectors")]),
    tests("ConfigurationTests", ["Configuration", "YAML", "Model"]),
    tests("AzureTests", ["Azure", "Model"], resources: [.copy("Vectors")]),
    tests("ControlTests", ["Control", "Model"]),
    tests("ConsoleTests", ["Console", "Control", "Model"]),
    tests("MetricsTests", ["Metrics", "Control"], resources: [.copy("Vectors")]),
    tests("JournalTests", ["Journal", "Model"]),
    tests(
      "ChronicleTests",
      [
        "World", "Courier", "Chronicle", "Journal", "Engine", "Failover", "Hello", "Probes", "BGP",
        "Configuration",
        "YAML", "Model",
      ]),
    tests("CommandTests", ["Control", "Linux", "Model"]),
    tests(
      "EngineTests",
      [
        "World", "Engine", "Failover", "Hello", "Probes", "Redistribution", "Model", "Bytes", "BGP",
      ]),
    tests("LinuxTests", ["Linux", "Model"]),
    tests("YAMLTests", ["YAML", "Model"]),
    tests("SealTests", ["Seal"]),
    tests("StoreTests", ["Store", "Model"]),
    tests("WebServerTests", ["WebServer", "Linux", "Model"]),
    tests("HTTPSTests", ["HTTPS", "Model"], resources: [.copy("server.py")]),
    tests(
      "CourierTests", ["Courier", "Azure", "Control", "Metrics", "Linux", "Store", "Model"],
      resources: [.copy("azure.py")]),
    tests(
      "DaemonTests",
      [
        "World", "Daemon", "BGP", "Engine", "Failover", "Hello", "Journal", "Chronicle", "Control",
        "Linux", "Probes", "Seal", "Model",
      ]),
    tests("SimulationTests", ["World", "Model"]),
    tests("PlatformTests", ["Platform", "Model"]),
    tests("ManagementTests", ["Management", "Platform", "Model"]),
    tests("LabTests", ["Lab", "Platform", "Management", "Control", "Model"]),
    tests("RestTests", ["Lab", "Azure", "HTTPS", "Control", "Model"]),
    tests(
      "NamespaceTests",
      [
        "Lab", "Platform", "Linux", "Model", "Engine", "Failover", "Hello", "Seal", "Control",
      ]),
    tests("TidyTests", []),
  ],
  swiftLanguageModes: [.v6]
)
