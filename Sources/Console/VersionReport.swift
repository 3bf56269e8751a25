// The answer to `version` as lines for people.

package import Control

/// The versions of both sides.
package enum VersionReport {
  /// What this command says of itself, ending in a newline.
  package static let own =
    "hopshift \(Release.version), control protocol \(ControlLimits.version)\n"

  /// What the daemon said of itself, ending in a newline.
  package static func daemon(_ records: [Record]) -> String {
    let record = records.first { $0.type == "version" }
    return "hopshiftd \(record?.text("version") ?? Record.nothing)\n"
  }
}
