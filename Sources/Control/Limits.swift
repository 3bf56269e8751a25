// The limits of the control protocol and its version: both sides refuse what goes beyond them.

/// What the control protocol, version 1, allows. We chose the numbers: each is far above what a
/// person or a script asks for, and small enough for one client to be held in memory whole.
package enum ControlLimits {
  /// The first word of a request and the field `v` of a record.
  package static let version = 1
  /// Bytes of a request line without its newline.
  package static let requestLine = 4_096
  /// Words behind the verb.
  package static let words = 32
  /// Bytes of the identifier by which answers are told apart.
  package static let identifier = 32
  /// Bytes of a record without its newline.
  package static let recordLine = 65_536
  /// How deep arrays and objects of a record may be nested, the record itself included.
  package static let recordDepth = 8
  /// Fields of one object.
  package static let recordFields = 256
}

/// The version of hopshift itself, the same for the daemon and the command line.
package enum Release {
  package static let version = "0.1.0"
}

/// Where the programs meet unless told otherwise.
package enum DefaultPath {
  package static let control = "/run/hopshift/control.sock"
  /// Where the courier answers what was before the daemon started.
  package static let courier = "/run/hopshift-courier/control.sock"
  package static let configuration = "/etc/hopshift/hopshift.yaml"
  package static let state = "/var/lib/hopshift/state"
}
